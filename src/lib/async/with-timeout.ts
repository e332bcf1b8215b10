/** A time limit for work that stops when its signal is aborted. */

export interface Limit {
  ms: number;
  /** Also stops the work; then the work's own error is the result. */
  signal: AbortSignal;
  /** The error when the time is up. */
  late(): Error | Promise<Error>;
}

/**
 * Rejects with `late()` when the time is up, instead of the abort error of the work. Another error of the work explains
 * more and is passed on.
 */
export async function withTimeout<T>(
  { ms, signal, late }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const time = AbortSignal.timeout(ms);
  try {
    return await work(AbortSignal.any([signal, time]));
  } catch (error) {
    const isAbort = ['AbortError', 'TimeoutError'].includes((error as Error).name);
    throw isAbort && time.aborted && !signal.aborted ? await late() : error;
  }
}
