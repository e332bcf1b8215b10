// Puts the program and the packages it uses into few files: it starts in half the time, and an installation has no other
// packages than the one that is not JavaScript.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Files that are started, or that scripts, benches and tests load, by their paths in src/ and dist/. */
const ENTRIES = [
  'cli/main',
  'lib/process/guard-main',
  'sensor-host/foreign/foreign-main',
  'sensor-host/foreign/foreign-watch',
  'sensor-host/guest/thread-main',
  'store/sqlite/reader/reader-main',
  'store/sqlite/reader/reader-worker',
  // The docs are made from them.
  'cli/commands/command-table',
  'cli/program',
  'lib/errors/codes',
  // Another kind of network registers itself.
  'network/registry',
  'lib/process/guard',
  'store/sqlite/reader/store-reader',
  'bench/bench-queue-server',
  'bench/run-bench',
];

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
  platform: 'node',
  external: ['@photostructure/sqlite', 'yaml', 'playwright-core'],
  tsconfig: false,
});
const { output } = await bundle.write({
  dir: 'dist',
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: ({ name, moduleIds }) => {
    // What only benches use is not in the package.
    if (moduleIds.some((id) => id.includes('/src/bench/'))) return 'bench/[name].js';
    return name.includes('~') ? 'chunks/shared-[hash].js' : 'chunks/[name].js';
  },
  codeSplitting: JSON.parse(process.env.CS ?? 'true'),
  minify: process.env.MIN ? JSON.parse(process.env.MIN) : { compress: false, mangle: false, codegen: { removeWhitespace: true } },
});

/** Folders of the packages whose code is in the files. */
const packages = new Set(
  output
    .flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []))
    .flatMap((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? []),
);
const licences = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
});
writeFileSync(join(root, 'dist/licenses.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
