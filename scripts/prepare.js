// Builds what a clone needs to run, unless it is built. npm runs this after `npm ci`, and again when `npx wasm-sensors` is typed
// in a clone for the first time: a second build would take as long as the first, and delete what a running `up` uses.
import { execSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (/** @type {string} */ name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
/** Written when a build is complete; a build begins with removing it, because it is in dist/. */
const STAMP = path('dist/.built');
const SOURCES = ['src', 'wasm', 'scripts'];

/** When something was last changed, added or removed (folders tell) in one of the sources. */
const changed = Math.max(
  ...['package.json', ...SOURCES].map((name) => statSync(path(name)).mtimeMs),
  ...SOURCES.flatMap((source) =>
    readdirSync(path(source), { recursive: true }).map((name) => statSync(path(`${source}/${name}`)).mtimeMs),
  ),
);
if ((statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0) < changed) {
  execSync('npm run build', { cwd: path(''), stdio: 'inherit' });
  writeFileSync(STAMP, '');
}
