import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that start processes, clusters or browsers. Folder and name tell; all others are unit tests. */
const SYSTEM = ['src/test/{e2e,integration,wasm}/**', 'src/**/*.process.test.ts'];

/**
 * Unit tests share their worker and the modules that it has loaded: three times as fast. A file that replaces modules
 * has a realm to itself: a worker of its own would cost more.
 */
const REPLACES_MODULES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => `src/${path.replaceAll('\\', '/')}`)
  .filter((path) => /\bvi\.(mock|doMock|resetModules)\(/.test(readFileSync(path, 'utf8')));

/**
 * Whole systems share the machine's processors, but most of their time they wait. One that fails runs once more, since
 * other tests load the machine meanwhile; the closing lines name those that then pass.
 */
const system = {
  testTimeout: 90_000,
  hookTimeout: 90_000,
  maxWorkers: 5,
  retry: 1,
  sequence: { groupOrder: 1 },
};

const unit = {
  testTimeout: 30_000,
  hookTimeout: 30_000,
  maxWorkers: availableParallelism() + 2,
  // Waits end with fake timers; each file that replaced this module by itself would need a worker of its own.
  alias: { 'node:timers/promises': `${import.meta.dirname}/src/test/support/fakeable-sleep.ts` },
};

/**
 * The longest files: the last one to end does not run alone. Those with real nodes wait for long, and stand between those that
 * compute; those with containers do not begin together.
 */
const LONGEST = [
  ...['integration/compose-seed', 'integration/native-system', 'e2e/kept-readings', 'integration/native-faults'],
  ...['e2e/embedded-system', 'integration/native-cluster', 'integration/compose-system'],
  ...['integration/page-in-browser', 'integration/native-handover', 'e2e/config-e2e', 'integration/demo', 'e2e/demo'],
  ...['e2e/embedded-site', 'e2e/cli-errors', 'e2e/torture', 'e2e/config-scopes', 'integration/packed'],
  ...['e2e/hung-and-orphaned', 'e2e/live-screen', 'e2e/puller-store', 'sqs-server/store-faults.process'],
  ...['native/native-provider.process', 'process/supervisor-hangs.process', 'postgres/postgres-store.process'],
].map((name) => `/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((path) => moduleId.replaceAll('\\', '/').endsWith(path));
      return at < 0 ? LONGEST.length : at;
    };
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    // What is transformed for one project is there for the others, and for the next run.
    experimental: { fsModuleCache: true },
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './scripts/closing-line.js'],
    projects: [
      {
        test: {
          ...unit,
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: [...SYSTEM, ...REPLACES_MODULES],
          isolate: false,
        },
      },
      { test: { ...unit, name: 'unit-mocked', include: REPLACES_MODULES, exclude: SYSTEM, pool: 'vmThreads' } },
      {
        test: {
          name: 'wasm',
          include: ['src/test/wasm/**/*.test.ts'],
          ...system,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['src/test/integration/**/*.test.ts', 'src/**/*.process.test.ts'],
          ...system,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['src/test/e2e/**/*.test.ts'],
          ...system,
        },
      },
    ],
  },
});
