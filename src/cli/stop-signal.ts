/** What ends a command that goes on: a signal such as Ctrl-C, a reader that is gone, or a wish of the user (`down`). */
import { exitCodeOf, type StopReason, stopRequested } from '../lib/process/shutdown.js';

export class StopSignal {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal = this.#controller.signal;
  #reason: StopReason | 'down' | undefined;
  /** Stops as `down` does, or a key of the screen. */
  request = (): void => {};
  /** Resolves with the first reason. */
  readonly requested = new Promise<StopReason | 'down'>((resolve) => {
    const stop = (reason: StopReason | 'down') => {
      this.#reason ??= reason;
      this.#controller.abort();
      resolve(this.#reason);
    };
    this.request = () => stop('down');
    void stopRequested({ supervised: false }).then(stop);
  });

  /** Ends what listens to `signal`, with no reason. */
  end(): void {
    this.#controller.abort();
  }

  /** Of a command that was stopped; 0 until then. */
  get exitCode(): number {
    return this.#reason === undefined || this.#reason === 'down' ? 0 : exitCodeOf(this.#reason);
  }
}

/** Runs `work` until Ctrl-C, or until nobody reads its output; resolves with the exit code. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new StopSignal();
  try {
    await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    // What was not read to its end.
    stop.end();
  }
  return stop.exitCode;
}
