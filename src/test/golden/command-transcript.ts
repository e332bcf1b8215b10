/** Recorded runs of commands: one file holds a small group of them, as a terminal would show it. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { CliResult } from '../support/cli.js';
import { normalize, type Placeholder } from './normalize.js';

const part = (name: string, text: string) => (text === '' ? '' : `--- ${name}\n${text.replace(/\n?$/, '\n')}`);

/** Arguments as a shell would take them. */
const shown = (arg: string) => (/^[\w./:=,@<>#-]+$/.test(arg) && !arg.startsWith('#') ? arg : `'${arg}'`);

export class CommandTranscript {
  #text = '';
  readonly #placeholders: readonly Placeholder[];

  constructor(placeholders: readonly Placeholder[]) {
    this.#placeholders = placeholders;
  }

  /** `note`: what is special about this run, such as a variable that is set. */
  add(args: string[], { code, stdout, stderr }: CliResult, note = '', more: readonly Placeholder[] = []): void {
    const run = [
      `$ wasm-sensors ${args.map(shown).join(' ')}${note === '' ? '' : `    # ${note}`}\n`,
      `exit code ${code}\n`,
      part('stdout', stdout),
      part('stderr', stderr),
    ];
    this.#text += `${this.#text === '' ? '' : '\n'}${normalize(run.join(''), [...more, ...this.#placeholders])}`;
  }

  /** What a command left behind, such as a file. */
  file(name: string, content: string, more: readonly Placeholder[] = []): void {
    this.#text += normalize(part(name, content), [...more, ...this.#placeholders]);
  }

  toString(): string {
    return this.#text;
  }

  /** Compares with `recorded/<name>.txt`. */
  async matches(name: string): Promise<void> {
    const path = fileURLToPath(new URL(`./recorded/${name}.txt`, import.meta.url));
    await expect(this.#text).toMatchFileSnapshot(path);
  }
}
