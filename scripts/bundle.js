// Puts the program and the packages it uses into few files in dist/: it starts in much less time than from hundreds of them,
// and an installation has no packages but those that are not here.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The program, and what scripts and tests load of it; by their paths in src/ and dist/. */
const PROGRAM = [
  'cli/main',
  // The docs are made from these.
  'cli/commands/command-table',
  'cli/program',
  'lib/errors/codes',
  // Tests kill processes that have loaded these.
  'lib/process/reaper',
  'store/sqlite/reader/store-reader',
  'bench/bench-json-server',
  'bench/bench-queue-server',
  'bench/run-bench',
];
/** Processes and threads that it starts, which need little of it. */
const HELPERS = [
  'lib/process/reaper-main',
  'sensor-host/foreign/foreign-main',
  'sensor-host/foreign/foreign-watch',
  'sensor-host/guest/thread-main',
  'store/sqlite/reader/reader-main',
  'store/sqlite/reader/reader-worker',
];

/** Resolves with the paths of the modules that are in the files. */
async function bundle(/** @type {string[]} */ entries, /** @type {string} */ folder, groups = []) {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
    platform: 'node',
    // One has machine code in it, one is loaded only where a settings file is, and one is for benches.
    external: ['@photostructure/sqlite', 'yaml', 'playwright-core'],
  });
  const { output } = await build.write({
    dir: 'dist',
    entryFileNames: '[name].js',
    // What only benches use is not in the package.
    chunkFileNames: ({ moduleIds }) =>
      moduleIds.some((id) => id.includes('/src/bench/')) ? 'bench/[name].js' : `${folder}/[name].js`,
    codeSplitting: { groups },
    comments: false,
  });
  return output.flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []));
}

const modules = [
  // What nearly every command uses is one file.
  ...(await bundle(PROGRAM, 'chunks', [{ name: 'core', minShareCount: 30 }])),
  ...(await bundle(HELPERS, 'helpers')),
];

/** The licences of the packages whose code is in these files ask to be with it. */
const packages = new Set(
  modules.flatMap((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? []),
);
const licenses = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
});
writeFileSync(join(root, 'dist/licenses.txt'), licenses.join(`\n${'-'.repeat(80)}\n\n`));
