import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { translated } from '../test/support/translated.js';
import { desiredConfigStore } from './desired-config-store.js';

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'desired-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process can't run TypeScript, and a build may be old: the store and what it imports are translated here. */
function translate(): string {
  const source = fileURLToPath(new URL('..', import.meta.url));
  symlinkSync(join(source, '..', 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const names = new Set(['proxy/desired-config-store']);
  for (const name of names) {
    const target = join(folder, 'src', `${name}.js`);
    const text = translated(join(source, `${name}.ts`));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    for (const [, path] of text.matchAll(/from "(\..*)\.js"/g)) names.add(join(dirname(name), path!));
  }
  const main = join(folder, 'main.js');
  writeFileSync(
    main,
    `import { desiredConfigStore } from './src/proxy/desired-config-store.js';
     const desired = desiredConfigStore(process.argv[2]);
     for (let i = 0; ; i++) {
       const scope = { hostname: 'edge-' + (i % 500) };
       const { version } = desired.patch({ scope, set: { emoji: i % 16 }, unset: [] }, Date.now());
       if (!process.send({ version, i })) await new Promise(setImmediate);
     }`,
  );
  return main;
}

test('what was acknowledged survives kill -9 at any moment, and the file is always whole', async () => {
  const main = translate();
  const path = join(folder, 'desired.json');
  let version = 0;
  for (let round = 0; round < 4; round++) {
    child = fork(main, [path]);
    let last = { version: 0, i: -1 };
    child.on('message', (message: typeof last) => {
      last = message;
      if (message.i === 50 + round * 37) child?.kill('SIGKILL');
    });
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGKILL');
    const kept = desiredConfigStore(path);
    expect(last.version).toBeGreaterThan(version);
    expect(kept.version).toBeGreaterThanOrEqual(last.version);
    // Whatever was written after the last answer that was heard, this change is in it, or a newer one of this host.
    expect(kept.state.hosts[`edge-${last.i % 500}`]?.version).toBeGreaterThanOrEqual(last.version);
    version = kept.version;
  }
});
