/** A relay that is started again whenever it ends, as by systemd. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { freePort } from '../../../lib/net/choose-port.js';
import { packageRoot } from '../../../lib/process/self-command.js';

const RESTART_MS = 500;
/** An hour of a thousand sensors takes about 1.1 GB. */
const MAX_BYTES = '16GiB';
const statsSchema = z.object({ uplink: z.object({ backlog: z.number() }) });

export class RelayProcess {
  readonly url: string;
  readonly #start: () => ChildProcess;
  #child: ChildProcess;
  #ending = false;

  private constructor(url: string, start: () => ChildProcess) {
    this.url = url;
    this.#start = start;
    this.#child = this.#run();
  }

  /** `folder`: its state. */
  static async of(folder: string, upstream: string, region: string): Promise<RelayProcess> {
    const port = await freePort();
    const args = ['relay', 'serve', '--upstream', upstream, '--region', region, '--port', String(port)];
    const all = [join(packageRoot, 'bin/wasm-sensors.js'), ...args, '--state-dir', folder, '--max-bytes', MAX_BYTES];
    const stdio: StdioOptions = ['ignore', 'ignore', 'inherit', 'ipc'];
    return new RelayProcess(`http://127.0.0.1:${port}`, () => spawn(process.execPath, all, { cwd: folder, stdio }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Readings that it keeps. Rejects while it does not answer. */
  async backlog(): Promise<number> {
    return statsSchema.parse(await (await fetch(`${this.url}/stats`)).json()).uplink.backlog;
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async end(): Promise<void> {
    this.#ending = true;
    const gone = once(this.#child, 'exit');
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) await gone;
  }

  #run(): ChildProcess {
    const child = this.#start();
    child.once('exit', async () => {
      await sleep(RESTART_MS);
      if (!this.#ending) this.#child = this.#run();
    });
    return child;
  }
}
