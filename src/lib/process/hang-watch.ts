/** Notices a process that has stopped answering: it was stopped by a signal, or its event loop is blocked. */

interface HangWatchOptions {
  /**
   * Asks the process something. Settles when it answers, and also when it can't be asked, such as with too many open
   * files here: only silence counts.
   */
  ask(signal: AbortSignal): Promise<unknown>;
  /** A silence of this length is a hang. */
  hungAfterMs: number;
  /** Whether the process has reported long work. */
  isBusy(): boolean;
  /** Called once; then the watch has ended. */
  onHung(): void;
}

/** Between two questions. */
const ASK_EVERY_MS = 2000;

/**
 * Watches until it is aborted. Silence is counted in questions, not by the clock: while this process is stopped or
 * its machine asleep, nobody can be heard, and afterwards the other process gets its whole time again.
 */
export function watchForHang({ ask, hungAfterMs, isBusy, onHung }: HangWatchOptions, signal: AbortSignal): void {
  if (signal.aborted) return;
  let waiting = false;
  let misses = 0;
  let before = performance.now();

  const timer = setInterval(() => {
    const now = performance.now();
    const wasAway = now - before > 2 * ASK_EVERY_MS;
    before = now;
    misses = waiting && !wasAway && !isBusy() ? misses + 1 : 0;
    if (misses * ASK_EVERY_MS >= hungAfterMs) {
      clearInterval(timer);
      onHung();
    } else if (!waiting) {
      waiting = true;
      void Promise.allSettled([ask(signal)]).then(() => {
        waiting = false;
      });
    }
  }, ASK_EVERY_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
