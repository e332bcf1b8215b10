import { defineConfig } from 'vitest/config';

/** Tests that start processes, clusters or browsers are told by folder or name; all others are unit tests. */
const PROCESS = ['src/**/*.process.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line.js'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: ['src/test/{e2e,integration,wasm}/**', ...PROCESS],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'wasm',
          include: ['src/test/wasm/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['src/test/integration/**/*.test.ts', ...PROCESS],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          // Whole systems share the machine's processors, but most of their time they wait.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['src/test/e2e/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
