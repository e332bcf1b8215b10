/** The unit tests alone, for `npm run mutate`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    exclude: ['src/test/**', 'src/**/*.process.test.ts'],
    testTimeout: 10_000,
  },
});
