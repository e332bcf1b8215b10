/** What a test of commands against a made-up running `up` needs: a folder, a held clock, the `up`, and a transcript. */
import { afterEach, beforeEach } from 'vitest';
import { Box } from '../../support/box.js';
import { runCli, spawnCli } from '../../support/cli.js';
import { FakeUp, type FakeUpOptions } from '../../support/fake-up.js';
import { holdClock, hurried, releaseClock } from '../../support/test-clock.js';
import type { Placeholder } from '../normalize.js';
import { CommandTranscript } from './command-transcript.js';

export class Scene {
  box!: Box;
  up!: FakeUp;
  transcript!: CommandTranscript;

  async start(options: FakeUpOptions = {}, placeholders: readonly Placeholder[] = []): Promise<void> {
    this.up = await FakeUp.start(this.box, options);
    this.transcript = new CommandTranscript([...placeholders, ...this.up.placeholders]);
  }

  #place(env: Record<string, string>) {
    return { folder: this.box.folder, env: { ...this.box.env, ...env } };
  }

  async run(args: string[], note = '', env: Record<string, string> = {}): Promise<void> {
    this.transcript.add(args, await runCli(args, this.#place(env)), note);
  }

  /** As text, and as JSON. */
  async both(args: string[], note = ''): Promise<void> {
    await this.run(args, note);
    await this.run([...args, '-o', 'json'], note);
  }

  /** A wait that ends soon, whether with what is waited for or with its timeout. */
  soon(args: string[], note = ''): Promise<void> {
    return hurried(() => this.run(args, note));
  }

  /** As a process of its own. */
  async spawn(
    args: string[],
    note = '',
    env: Record<string, string> = {},
    placeholders: readonly Placeholder[] = [],
  ): Promise<void> {
    this.transcript.add(args, await spawnCli(args, this.#place(env)).ended, note, placeholders);
  }

  /** What the control API of the `up` was asked for. */
  asked(placeholders: readonly Placeholder[] = []): void {
    this.transcript.file('the control API was asked', `${this.up.asked.join('\n')}\n`, placeholders);
  }
}

/** A new scene for every test of the file. */
export function scenes(): Scene {
  const scene = new Scene();
  beforeEach(() => {
    scene.box = new Box();
    holdClock();
  });
  afterEach(async () => {
    releaseClock();
    await scene.up.close();
    scene.box.close();
  });
  return scene;
}
