/** A folder of its own for what a test runs in, with programs that stand in for those of the machine. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class Box {
  /** Working folder of commands. */
  readonly folder: string;
  readonly stateDir: string;
  /** The only folder on the PATH. */
  readonly programs: string;
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'wasm-sensors-')));

  constructor() {
    this.folder = join(this.#root, 'work');
    this.stateDir = join(this.folder, '.wasm-sensors');
    this.programs = join(this.#root, 'programs');
    mkdirSync(this.folder);
    mkdirSync(this.programs);
  }

  /** Writes a file of the working folder; its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** Puts a program on the PATH; `script` is its shell script, `$*` its arguments. Gives its path. */
  program(name: string, script: string): string {
    const path = join(this.programs, name);
    writeFileSync(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`, { mode: 0o755 });
    return path;
  }

  /** All that commands see of the environment. */
  get env(): Record<string, string> {
    return { PATH: this.programs, HOME: this.folder, TMPDIR: this.#root };
  }

  /** What differs from run to run, and what stands for it. */
  get placeholders(): [string, string][] {
    return [
      [this.folder, '<folder>'],
      [this.programs, '<programs>'],
      [this.#root, '<root>'],
    ];
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
