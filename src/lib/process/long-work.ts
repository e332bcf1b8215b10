/** Work that blocks a process for long, such as writing a large database anew. */

/** Its supervisor does not take the silence for a hang for so long. */
const LONGEST_MS = 30 * 60_000;

/** Tells the supervisor, if there is one, for as long as it lasts. */
export function longWork<T>(work: () => T): T {
  if (!process.connected) return work();
  const tell = (busyForMs: number) => process.send?.({ busyForMs }, undefined, undefined, () => {});
  tell(LONGEST_MS);
  try {
    return work();
  } finally {
    tell(0);
  }
}
