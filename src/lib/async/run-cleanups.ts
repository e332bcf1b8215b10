/** Runs all steps of a clean-up one after the other, also after a failure; then rejects with the first failure. */
export async function runCleanups(steps: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
