/** Time as guests see it; tests put their own in its place to live through hours in seconds. */
export interface HostClock {
  /** Unix milliseconds. */
  wallTime(): number;
  /** Milliseconds since some start, never stepping back. */
  monotonic(): number;
  /** Calls back once after `ms`, unless closed before. */
  after(ms: number, callback: () => void): Closeable;
}

/** Something under way that can be called off; Node's timers are such. */
export interface Closeable {
  close(): unknown;
}

export const systemClock: HostClock = {
  wallTime: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => setTimeout(callback, ms),
};
