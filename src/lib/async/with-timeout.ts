/** A limit for work that ends when its signal is aborted. */

export interface Limit {
  ms: number;
  /** Ends the work, too; then it rejects as the work does. */
  signal: AbortSignal;
  /** The failure to be told when time is up. */
  late(): Error | Promise<Error>;
}

/**
 * Rejects with `late()` when time is up: what is aborted while it waits rejects with an abort of its own, whose name tells
 * nothing of a timeout. A failure that is not an abort has more to tell, and stays.
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
