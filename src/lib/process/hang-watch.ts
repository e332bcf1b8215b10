/** Notices a process that has stopped answering: it was stopped by a signal, or its event loop is blocked. */

export interface HangWatchOptions {
  /**
   * Asks the process something. Settles when it answers, and also when it can't be asked, such as with too many open
   * files here: only silence counts. Aborted when the watch ends.
   */
  ask(signal: AbortSignal): Promise<unknown>;
  /** A silence of this length is a hang. */
  hungAfterMs: number;
  /** Whether the process has reported long work. */
  isBusy?(): boolean;
  /** Called once; then the watch has ended. */
  onHung(): void;
}

/** Between two questions. */
const ASK_EVERY_MS = 2000;

/**
 * Watches until the result is called. Silence is counted in questions, not by the clock: while this process is stopped or
 * its machine asleep, nobody can be heard, and afterwards the other process gets its whole time again.
 */
export function watchForHang({ ask, hungAfterMs, isBusy = () => false, onHung }: HangWatchOptions): () => void {
  const ended = new AbortController();
  let waiting = false;
  let misses = 0;
  let before = performance.now();

  const tick = () => {
    const now = performance.now();
    const wasAway = now - before > 2 * ASK_EVERY_MS;
    before = now;
    misses = waiting && !wasAway && !isBusy() ? misses + 1 : 0;
    if (misses * ASK_EVERY_MS >= hungAfterMs) {
      end();
      onHung();
    } else if (!waiting) {
      waiting = true;
      void Promise.allSettled([ask(ended.signal)]).then(() => {
        waiting = false;
      });
    }
  };
  const timer = setInterval(tick, ASK_EVERY_MS);
  timer.unref();
  const end = () => {
    clearInterval(timer);
    ended.abort();
  };
  return end;
}
