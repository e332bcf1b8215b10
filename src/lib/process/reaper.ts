/**
 * Ends processes when this one is gone, even after SIGKILL: a small process of its own, whose standard input closes then.
 * It is for programs of others; commands of this program watch the channel to their supervisor themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessId } from './process-id.js';
import { packageRoot } from './self-command.js';

export class Reaper {
  #process: ChildProcess | undefined;

  /** Those that must not outlive this process, from now on. */
  protect(ids: ProcessId[]): void {
    this.#process ??= this.#start();
    this.#process.stdin?.write(`${JSON.stringify(ids)}\n`);
  }

  end(): void {
    this.#process?.stdin?.end('[]\n');
    this.#process = undefined;
  }

  #start(): ChildProcess {
    const started = spawn(process.execPath, [`${packageRoot}dist/lib/process/reaper-main.js`], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // What ends this process, such as Ctrl-C or a signal to its group, must not end the reaper.
      detached: true,
    });
    const gone = () => {
      if (this.#process === started) this.#process = undefined;
    };
    started.on('error', gone).on('exit', gone);
    started.stdin?.on('error', gone);
    started.unref();
    (started.stdin as unknown as { unref?(): void } | null)?.unref?.();
    return started;
  }
}
