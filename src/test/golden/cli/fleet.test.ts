/** Commands that look at a running `up`, change its sensors, and end them: against one that is made up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { Box } from '../../support/box.js';
import { runCli } from '../../support/cli.js';
import { closedPort } from '../../support/closed-port.js';
import { FakeUp, type FakeUpOptions } from '../../support/fake-up.js';
import { holdClock, hurried, NOON, releaseClock } from '../../support/test-clock.js';
import { DURATIONS, type Placeholder } from '../normalize.js';
import { Transcript } from './transcript.js';

let box: Box;
let up: FakeUp;
let transcript: Transcript;

beforeEach(() => {
  box = new Box();
  holdClock();
});
afterEach(async () => {
  releaseClock();
  await up.close();
  box.close();
});

async function start(options: FakeUpOptions = {}, more: readonly Placeholder[] = []): Promise<void> {
  up = await FakeUp.start(box, options);
  transcript = new Transcript([...more, ...up.placeholders]);
}

async function run(args: string[], note = '', env: Record<string, string> = {}): Promise<void> {
  transcript.add(args, await runCli(args, { folder: box.folder, env: { ...box.env, ...env } }), note);
}

/** As text, and as JSON. */
async function both(args: string[], note = ''): Promise<void> {
  await run(args, note);
  await run([...args, '-o', 'json'], note);
}

/** A wait that ends with its timeout. */
const timedOut = (args: string[], note = '') => hurried(() => run(args, note), 20);

describe('status', () => {
  test('with sensors, and without', async () => {
    await start();
    await both(['status'], 'nothing is deployed');
    await up.deploy(['--color=#00ff88', '--interval=2']);
    await both(['status']);
    await run(['status', '--ansi', 'always']);
    await transcript.matches('status/embedded');
  });

  test('what is not as it should be', async () => {
    await start({ nodesPerRegion: 2 });
    await up.deploy();
    up.fleet.send('edge-us-1', { sequence: 4 });
    up.fleet.send('edge-us-1', { sequence: 4 });
    up.fleet.send('edge-us-1', { sequence: 3 });
    up.cluster.setRegionLink('eu', false);
    up.hub.fleet.setRegionLink('eu', false);
    up.fleet.deaf.add('edge-as-1');
    up.desired.patch({ scope: { region: 'as' }, set: { interval: 2, paused: true }, unset: [] }, NOON);
    up.queue.depth = () => Promise.reject(new Error('no queue'));
    up.cluster.failure = 'exit code 1';
    await up.cluster.submit({ name: 'publisher-us', region: 'us', module: 'publisher', type: 'daemon', args: ['x'] });
    await run(['status']);
    await run(['status', '--ansi', 'always']);
    await transcript.matches('status/troubles');
  });

  test('a network, a proxy and a puller that do not answer', async () => {
    const closed = await closedPort();
    const url = `http://127.0.0.1:${closed.port}`;
    const facts = { host: url, proxyUrl: url, stateDir: box.stateDir };
    await start({ network: { kind: 'embedded', facts } }, [[`:${closed.port}`, ':<closed-port>']]);
    await both(['status'], 'no sensor host');
    up.endpoints.proxy = url;
    up.writeState();
    await run(['status'], 'no sensor host, no proxy');
    await both(['status', '--puller-url', url], 'no puller');
    await closed.close();
    await transcript.matches('status/silent');
  });

  test('one that is still starting, one that was killed, and one that speaks another language', async () => {
    await start({ phase: 'starting' });
    for (const args of [['status'], ['tail'], ['config', 'show', '-o', 'json'], ['deploy', 'publisher']])
      await run(args);
    up.writeState({ alive: false });
    await both(['status'], 'killed');
    await run(['tail', '-o', 'ndjson'], 'killed');
    await transcript.matches('status/not-ready');
  });
});

describe('tail', () => {
  test('what is sent while it looks', async () => {
    await start();
    await up.deploy();
    up.keep([
      { ...delivery('edge-eu-1', 1, NOON - 20_000), config: undefined },
      { ...delivery('edge-us-1', 1, NOON - 10_000), config: undefined },
    ]);
    const message = { data: { test: 'hello' } };
    up.keep([
      { id: 'm', body: JSON.stringify(message), message, reading: undefined, config: undefined, receivedAt: NOON },
    ]);
    const live = async (args: string[]) => {
      const running = run(args);
      const timer = setInterval(() => {
        up.fleet.send('edge-eu-1', { sequence: 1000 + sent++ });
        up.fleet.message({ data: { test: 'hello' } });
      }, 10);
      let sent = 0;
      await running;
      clearInterval(timer);
    };
    for (const mode of [[], ['-o', 'ndjson'], ['--ansi', 'always']]) {
      await run(['tail', '--since', '30s', '--limit', '3', ...mode]);
      await run(['tail', '--since', '2026-01-31T11:59:45Z', '--limit', '1', ...mode]);
      await run(['tail', '--since', '1m', '--region', 'us', '--limit', '1', ...mode]);
    }
    await live(['tail', '--limit', '1', '--region', 'eu']);
    await transcript.matches('tail');
  });
});

function delivery(hostname: string, sequence: number, receivedAt: number) {
  const reading = {
    job_id: 'j-1',
    execution_id: `e-${hostname}`,
    icon_name: '🚀',
    timestamp: new Date(receivedAt).toISOString(),
    color: '#00ff88',
    sequence,
    region: hostname.split('-')[1]!,
    job_submission_time: NOON,
    hostname,
  };
  return { id: `${hostname}-${sequence}`, body: JSON.stringify(reading), message: { ...reading }, reading, receivedAt };
}

describe('deploy publisher', () => {
  test('to all, to a region, unchanged, and with what is stronger', async () => {
    await start();
    await both(['deploy', 'publisher', '--color', '#00ff88', '--interval', '1']);
    await run(['deploy', 'publisher', '--color', '#00ff88', '--interval', '1'], 'again');
    await run(['deploy', 'publisher', '--region', 'eu,us', '--color', '--emoji', '3', '--random-off']);
    await run(['deploy', 'publisher', '--region', 'eu', '--proxy', 'http://127.0.0.1:1/', '--max-messages', '5']);
    up.desired.patch({ scope: {}, set: { color: '#3366ff' }, unset: [] }, NOON);
    up.desired.patch({ scope: { hostname: 'edge-eu-1' }, set: { interval: 3 }, unset: [] }, NOON);
    await both(['deploy', 'publisher', '--color', '#ff0000', '--interval', '2'], 'a fleet configuration is there');
    up.cluster.setRegionLink('as', false);
    await run(['deploy', 'publisher', '--emoji', '1'], 'as is disconnected');
    await run(['deploy', 'publisher', '--emoji', '2', '--region', 'as'], 'as is disconnected');
    await transcript.matches('deploy/publisher');
  });

  test('what is refused, and what fails', async () => {
    await start({}, DURATIONS);
    await both(['deploy', 'publisher', '--region', 'mars']);
    await run(['deploy', 'publisher', '--region', 'eu', '--proxy', 'web-services']);
    await run(['deploy', 'publisher', '--proxy', 'ftp://x']);
    await run(['deploy', 'publisher', '--interval', '0']);
    await run(['deploy', 'publisher', '--max-messages', 'x', '-o', 'json']);
    up.cluster.works = false;
    await timedOut(['deploy', 'publisher', '--timeout', '1'], 'no sensor sends');
    await timedOut(['deploy', 'publisher', '--timeout', '1', '--emoji', '1', '-o', 'json'], 'no sensor sends');
    up.cluster.failure = 'exit code 1: no such module';
    await run(['deploy', 'publisher', '--emoji', '2'], 'executions fail');
    box.write('.wasm-sensors/token', 'another\n');
    await both(['deploy', 'publisher'], 'with another token');
    await transcript.matches('deploy/publisher-fails');
  });
});

describe('stop publisher', () => {
  test('all, one, and none', async () => {
    await start();
    await run(['stop', 'publisher'], 'none runs');
    await up.deploy(['--interval=2']);
    await hurried(() => run(['stop', 'publisher', '--region', 'eu']));
    await hurried(() => run(['stop', 'publisher', '-o', 'json']));
    await run(['stop', 'publisher', '-o', 'json'], 'none is left');
    await run(['stop', 'publisher', '--region', 'mars']);
    await transcript.matches('stop/publisher');
  });

  test('readings that do not end', async () => {
    await start();
    await up.deploy(['--interval=1']);
    const timer = setInterval(() => up.fleet.send('edge-eu-1'), 5);
    await hurried(() => run(['stop', 'publisher']));
    clearInterval(timer);
    await transcript.matches('stop/publisher-fails');
  });
});

describe('config', () => {
  test('set, unset and show', async () => {
    await start();
    await both(['config', 'show'], 'nothing is set, nobody sends');
    await run(['config', 'set', 'color=#00ff88'], 'nobody sends');
    await up.deploy();
    await both(['config', 'set', 'color=#00FF88', 'interval=1']);
    await run(['config', 'set', '--region', 'eu', 'colour=random', 'emoji=3', 'random-off=yes']);
    await run(['config', 'set', '--host', 'edge-us-1', 'paused=true', '-o', 'json']);
    await both(['config', 'show']);
    await run(['config', 'show', '--ansi', 'always']);
    await run(['config', 'set', '--region', 'mars', 'paused=true']);
    await run(['config', 'set', '--host', 'edge-mars-1', 'paused=true', '-o', 'json']);
    await run(['config', 'unset', '--region', 'eu', 'color', 'randomOff']);
    await run(['config', 'unset', 'interval', '-o', 'json']);
    await both(['config', 'set', '--no-wait', 'emoji=4']);
    await both(['config', 'show']);
    await transcript.matches('config/changes');
  });

  test('one region after the other', async () => {
    await start({}, DURATIONS);
    await run(['config', 'set', '--rollout', 'us', 'interval=2'], 'nobody sends');
    await up.deploy();
    up.fleet.lively = true;
    await both(['config', 'set', '--rollout', 'us, eu,as', 'interval=2']);
    await run(['config', 'set', '--rollout', 'as', 'paused=true']);
    await run(['config', 'set', '--rollout', ',', 'paused=false']);
    await run(['config', 'set', '--rollout', 'us,mars', 'paused=false', '-o', 'json']);
    up.fleet.deaf.add('edge-eu-1');
    await timedOut(['config', 'set', '--rollout', 'us,eu,as', 'emoji=1', '--timeout', '1']);
    up.fleet.deaf.clear();
    up.fleet.lively = false;
    await timedOut(['config', 'set', '--rollout', 'us,eu', 'emoji=2', '-o', 'json'], 'sensors of us fall silent');
    await transcript.matches('config/rollout');
  });

  test('with many sensors', async () => {
    await start({ nodesPerRegion: 11 });
    await up.deploy();
    await run(['config', 'show']);
    await transcript.matches('config/many');
  });

  test('what is refused', async () => {
    await start({}, DURATIONS);
    await up.deploy();
    box.write('wrong', 'another\n');
    await both(['config', 'set', 'paused=true', '--token-file', 'wrong']);
    await run(['config', 'unset', 'paused', '--token-file', 'wrong']);
    await run(['config', 'show', '--token-file', 'wrong'], 'reading needs none');
    await run(['config', 'set', '--region', 'x'.repeat(201), 'paused=true']);
    up.fleet.deaf.add('edge-eu-1');
    await timedOut(['config', 'set', 'paused=true', '--timeout', '1']);
    await timedOut(['config', 'set', '--region', 'eu', 'paused=false', '--timeout', '1', '-o', 'json']);
    await transcript.matches('config/refused');
  });

  test('a proxy that has lost its state', async () => {
    await start();
    await up.deploy();
    up.desired.hear(NOON - 5000);
    await both(['config', 'show']);
    await both(['config', 'set', 'paused=true']);
    await run(['deploy', 'config-updater', '--paused']);
    await both(['config', 'set', 'paused=true', '--replace']);
    await run(['config', 'show']);
    await transcript.matches('config/lost');
  });

  test('several proxies', async () => {
    const other = new Box();
    const closed = await closedPort();
    const second = await FakeUp.start(other);
    const url = `http://127.0.0.1:${closed.port}`;
    await start({}, [
      [`:${closed.port}`, ':<closed-port>'],
      ...second.placeholders.map(([from, to]): Placeholder => [from, to.replace(/<(.*)-port>/, '<second-$1-port>')]),
    ]);
    await up.deploy();
    second.desired.patch({ scope: { region: 'eu' }, set: { emoji: 5 }, unset: [] }, NOON);
    const proxies = ['--proxies', [up.endpoints.proxy, second.endpoints.proxy, url].join(',')];
    await both(['config', 'show', ...proxies]);
    await both(['config', 'set', ...proxies, 'interval=1']);
    await run(['config', 'unset', ...proxies, '--no-wait', 'interval']);
    await run(['config', 'set', ...proxies, '--rollout', 'us', 'interval=2']);
    await run(['config', 'set', '--proxies', `${url},${second.endpoints.proxy}`, '--no-wait', 'interval=3']);
    await run(['config', 'show', '--proxies', second.endpoints.proxy!, '--puller-url', up.endpoints.puller!]);
    await second.close();
    other.close();
    await closed.close();
    await transcript.matches('config/proxies');
  });

  test('edit', async () => {
    await start();
    await up.deploy();
    const editor = (script: string) => ({ EDITOR: box.program('editor', script) });
    const edit = (region: string, script: string, note: string, more: string[] = []) =>
      run(['config', 'edit', region, ...more], note, editor(script));
    await edit('mars', 'exit 0', 'no such region');
    await edit('eu', 'exit 0', 'nothing is changed', ['-o', 'json']);
    // Sensors mount the region's file from their next deployment on.
    await hurried(() => run(['deploy', 'publisher', '--region', 'eu', '--emoji', '1']));
    await edit('eu', `echo "color: '#00ff88'" >> "$1"`, 'a colour is set');
    await edit('eu', `echo "interval: 2" >> "$1"`, 'an interval is set', ['-o', 'json']);
    up.desired.patch({ scope: {}, set: { interval: 3 }, unset: [] }, NOON);
    await edit('eu', `echo "emoji: 5" >> "$1"`, 'the fleet sets an interval, too');
    await edit('us', `echo "emoji: 5" >> "$1"`, 'no sensor of us has the file yet', ['--timeout', '1']);
    await edit('eu', `echo "color: red" >> "$1"`, 'a bad value');
    await edit('eu', `echo "shape: round" >> "$1"`, 'an unknown key', ['-o', 'json']);
    await edit('eu', 'exit 3', 'the editor fails');
    await run(['config', 'edit', 'eu'], 'no such editor', { EDITOR: 'none' });
    await run(['config', 'edit', 'eu'], 'VISUAL is stronger', { ...editor('exit 4'), VISUAL: 'false' });
    transcript.file('config/eu.yaml', readFileSync(join(box.stateDir, 'config/eu.yaml'), 'utf8'));
    transcript.file('config/eu.yaml.refused', readFileSync(join(box.stateDir, 'config/eu.yaml.refused'), 'utf8'));
    await transcript.matches('config/edit');
  });
});

describe('deploy config-updater', () => {
  test('the fleet, a scope, a file', async () => {
    await start({}, DURATIONS);
    await run(['deploy', 'config-updater', '--color', '#fefefe'], 'nobody sends');
    await run(['deploy', 'publisher']);
    await both(['deploy', 'config-updater', '--color', '#fefefe', '--paused', 'no']);
    await run(['deploy', 'config-updater', '--region', 'eu', '--interval', '2', '--from', 'as']);
    await run(['deploy', 'config-updater', '--host', 'edge-us-1', '--emoji', '7', '--random-off', '-o', 'json']);
    await run(['deploy', 'config-updater', '--file', '--region', 'eu', '--emoji', '3']);
    await run(['deploy', 'config-updater', '--file', '--emoji', '4', '-o', 'json']);
    await run(['deploy', 'config-updater', '--from', 'mars', '--emoji', '1']);
    up.cluster.works = false;
    await timedOut(['deploy', 'config-updater', '--emoji', '1', '--timeout', '1'], 'the job does nothing');
    up.cluster.failure = 'exit code 1';
    await hurried(() => run(['deploy', 'config-updater', '--emoji', '2', '--from', 'eu'], 'the job fails'), 20);
    await hurried(
      () => run(['deploy', 'config-updater', '--emoji', '2', '--from', 'us', '-o', 'json'], 'the job fails'),
      20,
    );
    for (const region of ['us', 'eu', 'as']) up.cluster.setRegionLink(region, false);
    await run(['deploy', 'config-updater', '--emoji', '2'], 'no node is connected');
    await transcript.matches('deploy/config-updater');
  });
});

describe('region', () => {
  test('disconnect and reconnect', async () => {
    await start({ nodesPerRegion: 2 }, DURATIONS);
    await both(['region', 'disconnect', 'eu']);
    await run(['status'], 'eu is disconnected');
    await both(['region', 'reconnect', 'eu']);
    await both(['region', 'disconnect', 'mars']);
    await run(['region', 'disconnect', 'eu', '--timeout', 'x']);
    up.cluster.linksFollow = false;
    await timedOut(['region', 'disconnect', 'us', '--timeout', '1'], 'nodes stay connected');
    await transcript.matches('region');
  });
});

describe('what the embedded network does not offer', () => {
  test('service jobs and a shell', async () => {
    await start();
    await both(['deploy', 'proxy']);
    await run(['deploy', 'puller']);
    await run(['stop', 'proxy']);
    await run(['stop', 'puller', '-o', 'json']);
    await run(['shell']);
    transcript.file('the control API was asked', `${up.asked.join('\n')}\n`);
    await transcript.matches('not-offered-embedded');
  });
});

describe('down', () => {
  test('asks a running `up` to end, and cleans up after a killed one', async () => {
    await start();
    await run(['down']);
    transcript.file('the control API was asked', `${up.asked.join('\n')}\n`);
    up.writeState({ alive: false });
    await run(['down', '-o', 'json'], 'killed');
    await run(['down', '--volumes']);
    await transcript.matches('down');
  });
});
