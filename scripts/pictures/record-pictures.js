// Writes docs/pictures/ from the program in dist/: `npm run docs:pictures`. Nothing in a picture is made by hand.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { animatedSvg } from './animated-svg.js';
import { findBrowser, pagePictures } from './page-pictures.js';
import { SCENES } from './scenes.js';
import { RecordedShell } from './terminal.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PICTURES = join(ROOT, 'docs/pictures');
/** Pages with pictures shall load at once, also on a phone. */
const LARGEST_BYTES = 400_000;
const NODES_ON_PAGE = 40;

const browser = findBrowser();
if (browser === undefined) fail('there is no Chromium on the PATH. Install it, or name it in CHROMIUM_BIN.');
try {
  execFileSync('bash', ['-c', 'true']);
} catch {
  fail('there is no bash on the PATH; scenes are typed into one.');
}

mkdirSync(PICTURES, { recursive: true });
for (const scene of SCENES) await inEmptyState((env) => recordScene(scene, env));
await inEmptyState(async (env) => {
  const run = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, ['bin/wasm-sensors.js', ...args], { cwd: ROOT, env });
  run('up', '-d', '--deploy', '--relays', '--nodes', String(NODES_ON_PAGE), '--interval', '1');
  const { data } = JSON.parse(String(run('status', '-o', 'json')));
  const cut = () => run('region', 'disconnect', 'eu');
  const { light, dark } = await pagePictures(browser, data.endpoints.puller, NODES_ON_PAGE * 3, cut);
  save('page-light.png', light);
  save('page-dark.png', dark);
});

/** @param {import('./scenes.js').Scene} scene */
async function recordScene({ name, terminals, steps }, /** @type {NodeJS.ProcessEnv} */ env) {
  const began = performance.now();
  const shells = terminals.map(({ cols, rows }) => new RecordedShell({ cols, rows, cwd: ROOT, env, began }));
  try {
    for (const { terminal = 0, type, press, see, pause = 0 } of steps) {
      const shell = shells[terminal];
      if (type !== undefined) await shell.type(type);
      if (press !== undefined) shell.press(press);
      if (see !== undefined) await shell.see(see);
      await sleep(pause);
    }
    const recordings = terminals.map((terminal, i) => ({ ...terminal, frames: shells[i].frames }));
    save(`${name}.svg`, animatedSvg(recordings, performance.now() - began));
  } finally {
    await Promise.all(shells.map((shell) => shell.close()));
  }
}

/**
 * Nothing of the developer's own state or settings is in a picture, and nothing runs on afterwards.
 *
 * @param {(env: NodeJS.ProcessEnv) => Promise<void>} body
 */
async function inEmptyState(body) {
  const stateDir = mkdtempSync(join(tmpdir(), 'wasm-sensors-pictures-'));
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    WASM_SENSORS_DIR: stateDir,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    LANG: 'C.UTF-8',
  };
  try {
    await body(env);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  execFileSync(process.execPath, ['bin/wasm-sensors.js', 'down'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(stateDir, { recursive: true });
}

function save(/** @type {string} */ name, /** @type {string | Buffer} */ content) {
  const bytes = Buffer.byteLength(content);
  if (bytes > LARGEST_BYTES) fail(`${name} has ${bytes} bytes; at most ${LARGEST_BYTES}. Make its scene shorter.`);
  writeFileSync(join(PICTURES, name), content);
  console.log(`docs/pictures/${name}  ${Math.round(bytes / 1000)} KB`);
}

/** @returns {never} */
function fail(/** @type {string} */ why) {
  throw new Error(`docs:pictures: ${why}`);
}
