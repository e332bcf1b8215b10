/** What a running `up` says of its engine, with a stand-in for it on the PATH. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { standIns } from '../../test/support/stand-in.js';
import type { NetworkEvent } from '../provider.js';
import { watchContainers } from './container-watch.js';

const engine = standIns();

test('an engine that ceases to answer is told once, and once that it answers again; its end by us is none', async () => {
  const gone = join(engine.folder, 'gone');
  engine.add('docker', `[ ! -e ${gone} ] || { echo 'Cannot connect to the Docker daemon at x.' >&2; exit 1; }`);
  const said: string[] = [];
  const ending = new AbortController();
  const watching = watchContainers({
    project: { name: 'p', folder: engine.folder },
    emit: (event: NetworkEvent) => event.type === 'network.note' && said.push(event.text),
    onRestart() {},
    signal: ending.signal,
  });
  writeFileSync(gone, '');
  await sleep(5000);
  const silence = 'containers are not looked after for now: Docker is installed, but its engine does not answer';
  expect(said).toEqual([silence]);
  rmSync(gone);
  await sleep(5000);
  expect(said).toEqual([silence, 'Docker answers again']);
  writeFileSync(gone, '');
  ending.abort();
  await watching;
  expect(said).toHaveLength(2);
});
