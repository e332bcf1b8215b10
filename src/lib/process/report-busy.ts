/** Work that blocks a process for long, such as writing a large database anew. */

/** Until then the supervisor does not take silence for a hang. */
const LONGEST_MS = 30 * 60_000;

/** Runs `work`. If there is a supervisor, it learns when the work begins and when it is over. */
export function whileBusy<T>(work: () => T): T {
  if (!process.connected) return work();
  const report = (busyForMs: number) => process.send?.({ busyForMs }, undefined, undefined, () => {});
  report(LONGEST_MS);
  try {
    return work();
  } finally {
    report(0);
  }
}
