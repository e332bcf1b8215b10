// Puts the program and the packages it uses into few files in dist/: it starts in much less time than from hundreds of them,
// and an installation has no packages but those that are not here.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Files that are started, or that scripts and tests load; by their paths in src/ and dist/. */
const ENTRIES = [
  'cli/main',
  'lib/process/guard-main',
  'sensor-host/foreign/foreign-main',
  'sensor-host/foreign/foreign-watch',
  'sensor-host/guest/thread-main',
  'store/sqlite/reader/reader-main',
  'store/sqlite/reader/reader-worker',
  // The docs are made from these.
  'cli/commands/command-table',
  'cli/program',
  'lib/errors/codes',
  // Tests kill processes that have loaded these.
  'lib/process/guard',
  'store/sqlite/reader/store-reader',
  'bench/bench-queue-server',
  'bench/run-bench',
];

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
  platform: 'node',
  // One has machine code in it, one is loaded only where a settings file is, and one is for benches.
  external: ['@photostructure/sqlite', 'yaml', 'playwright-core'],
});
const { output } = await bundle.write({
  dir: 'dist',
  entryFileNames: '[name].js',
  // What only benches use is not in the package.
  chunkFileNames: ({ moduleIds }) =>
    moduleIds.some((id) => id.includes('/src/bench/')) ? 'bench/[name].js' : 'chunks/[name].js',
  // What nearly every command uses is one file.
  codeSplitting: { groups: [{ name: 'core', minShareCount: 30 }] },
  comments: false,
});

/** Folders of the packages whose code is in these files: their licences ask to be with it. */
const packages = new Set(
  output
    .flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []))
    .flatMap((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? []),
);
const licenses = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
});
writeFileSync(join(root, 'dist/licenses.txt'), licenses.join(`\n${'-'.repeat(80)}\n\n`));
