/** Time as guests see it; tests put their own in its place to live through hours in seconds. */
export interface HostClock {
  /** Unix milliseconds. */
  wallTime(): number;
  /** Milliseconds since some start, never stepping back. */
  monotonic(): number;
  /** Calls back once after `ms`; the result cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: HostClock = {
  wallTime: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
