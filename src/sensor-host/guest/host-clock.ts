/** Time as guests see it. Tests use a clock of their own, so that hours pass in seconds. */
export interface HostClock {
  wallTime(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls back once after `ms`, unless it is closed before. */
  after(ms: number, callback: () => void): Closeable;
}

/** An operation in progress that can be cancelled, such as one of Node's timers. */
export interface Closeable {
  close(): unknown;
}

export const systemClock: HostClock = {
  wallTime: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => setTimeout(callback, ms),
};
