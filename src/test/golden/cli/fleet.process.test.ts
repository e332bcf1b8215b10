/** Commands against a made-up `up` that start processes themselves, or have to be one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { closedPort } from '../../support/closed-port.js';
import { hurried, NOON } from '../../support/test-clock.js';
import { DURATIONS } from '../normalize.js';
import { scenes } from './scene.js';

const scene = scenes();

describe('status', () => {
  test('no puller', async () => {
    const closed = await closedPort();
    await scene.start({}, [[`:${closed.port}`, ':<closed-port>']]);
    const args = ['status', '--puller-url', `http://127.0.0.1:${closed.port}`];
    // What else was asked is waited for by a process only.
    await scene.spawn(args);
    await scene.spawn([...args, '-o', 'json']);
    await closed.close();
    await scene.transcript.matches('status/no-puller');
  });
});

describe('config', () => {
  test('edit', async () => {
    await scene.start({}, DURATIONS);
    await scene.up.deploy();
    const editor = (script: string) => ({ EDITOR: scene.box.program('editor', script) });
    const edit = (region: string, script: string, note: string, more: string[] = []) =>
      scene.run(['config', 'edit', region, ...more], note, editor(script));
    await edit('mars', 'exit 0', 'no such region');
    await edit('eu', 'exit 0', 'nothing is changed', ['-o', 'json']);
    // Sensors mount the region's file from their next deployment on.
    await scene.run(['deploy', 'publisher', '--region', 'eu', '--emoji', '1']);
    await edit('eu', `echo "color: '#00ff88'" >> "$1"`, 'a colour is set');
    await edit('eu', `echo "interval: 2" >> "$1"`, 'an interval is set', ['-o', 'json']);
    scene.up.desired.patch({ scope: {}, set: { interval: 3 }, unset: [] }, NOON);
    await edit('eu', `echo "emoji: 5" >> "$1"`, 'the fleet sets an interval, too');
    const unread = () => edit('us', `echo "emoji: 5" >> "$1"`, 'its sensor has no file yet', ['--timeout', '1']);
    await hurried(unread);
    await edit('eu', `echo "color: red" >> "$1"`, 'a bad value');
    await edit('eu', `echo "shape: round" >> "$1"`, 'an unknown key', ['-o', 'json']);
    await edit('eu', 'exit 3', 'the editor fails');
    await scene.spawn(['config', 'edit', 'eu'], 'no such editor', { EDITOR: 'none' }, [
      [/^.*sh: .*\n/m, '<words of the shell>\n'],
    ]);
    await scene.run(['config', 'edit', 'eu'], 'VISUAL is stronger', { ...editor('exit 4'), VISUAL: 'false' });
    scene.transcript.file('config/eu.yaml', readFileSync(join(scene.box.stateDir, 'config/eu.yaml'), 'utf8'));
    scene.transcript.file(
      'config/eu.yaml.refused',
      readFileSync(join(scene.box.stateDir, 'config/eu.yaml.refused'), 'utf8'),
    );
    await scene.transcript.matches('config/edit');
  });
});

describe('deploy config-updater', () => {
  test('the fleet, a scope, a file', async () => {
    await scene.start({}, DURATIONS);
    await scene.run(['deploy', 'config-updater', '--color', '#fefefe'], 'nobody sends');
    await scene.run(['deploy', 'publisher']);
    await scene.both(['deploy', 'config-updater', '--color', '#fefefe', '--paused', 'no']);
    await scene.run(['deploy', 'config-updater', '--region', 'eu', '--interval', '2', '--from', 'as']);
    await scene.run(['deploy', 'config-updater', '--host', 'edge-us-1', '--emoji', '7', '--random-off', '-o', 'json']);
    await scene.run(['deploy', 'config-updater', '--file', '--region', 'eu', '--emoji', '3']);
    await scene.run(['deploy', 'config-updater', '--file', '--emoji', '4', '-o', 'json']);
    await scene.run(['deploy', 'config-updater', '--from', 'mars', '--emoji', '1']);
    scene.up.cluster.works = false;
    await scene.soon(['deploy', 'config-updater', '--emoji', '1', '--timeout', '1'], 'the job does nothing');
    scene.up.cluster.failure = 'exit code 1';
    await scene.run(['deploy', 'config-updater', '--emoji', '2', '--from', 'eu'], 'the job fails');
    await scene.run(['deploy', 'config-updater', '--emoji', '2', '--from', 'us', '-o', 'json'], 'the job fails');
    for (const region of ['us', 'eu', 'as']) scene.up.cluster.setRegionLink(region, false);
    await scene.run(['deploy', 'config-updater', '--emoji', '2'], 'no node is connected');
    await scene.transcript.matches('deploy/config-updater');
  });
});
