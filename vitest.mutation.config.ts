/** The unit tests alone, for `npm run mutate`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    // What is not mutated; its tests change the folder and the listeners of a process, which a thread has not.
    exclude: ['src/{test,cli,doctor}/**', 'src/**/*.process.test.ts'],
    testTimeout: 10_000,
    // As in vitest.config.ts.
    alias: { 'node:timers/promises': `${import.meta.dirname}/src/test/support/fakeable-sleep.ts` },
  },
});
