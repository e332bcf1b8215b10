/** Commands that look at a running `up`, change its sensors, and end them: against one that is made up. */
import { describe, test } from 'vitest';
import type { Reading } from '../../../protocol/message.js';
import { Box } from '../../support/box.js';
import { closedPort } from '../../support/closed-port.js';
import { FakeUp } from '../../support/fake-up.js';
import { NOON } from '../../support/test-clock.js';
import { DURATIONS, type Placeholder } from '../normalize.js';
import { scenes } from './scene.js';

const scene = scenes();

describe('status', () => {
  test('with sensors, and without', async () => {
    await scene.start();
    await scene.both(['status'], 'nothing is deployed');
    scene.up.depth = { visible: 3, inFlight: 2, delayed: 1 };
    await scene.up.deploy(['--color=#00ff88', '--interval=2']);
    await scene.both(['status']);
    await scene.run(['status', '--ansi', 'always']);
    await scene.transcript.matches('status/embedded');
  });

  test('what is not as it should be', async () => {
    await scene.start({ nodesPerRegion: 2 });
    await scene.up.deploy();
    scene.up.fleet.send('edge-us-1', { sequence: 4 });
    scene.up.fleet.send('edge-us-1', { sequence: 4 });
    scene.up.fleet.send('edge-us-1', { sequence: 3 });
    scene.up.cluster.setRegionLink('eu', false);
    scene.up.hub.fleet.setRegionLink('eu', false);
    scene.up.fleet.deaf.add('edge-as-1');
    scene.up.desired.patch({ scope: { region: 'as' }, set: { interval: 2, paused: true }, unset: [] }, NOON);
    scene.up.depth = undefined;
    scene.up.cluster.failure = 'exit code 1';
    await scene.up.cluster.submit({
      name: 'publisher-us',
      region: 'us',
      module: 'publisher',
      type: 'daemon',
      args: ['x'],
    });
    await scene.run(['status']);
    await scene.run(['status', '--ansi', 'always']);
    await scene.transcript.matches('status/troubles');
  });

  test('a network and a proxy that do not answer', async () => {
    const closed = await closedPort();
    const url = `http://127.0.0.1:${closed.port}`;
    const facts = { host: url, proxyUrl: url, stateDir: scene.box.stateDir };
    await scene.start({ network: { kind: 'embedded', facts } }, [[`:${closed.port}`, ':<closed-port>']]);
    await scene.both(['status'], 'no sensor host');
    scene.up.writeState({ endpoints: { ...scene.up.endpoints, proxy: url } });
    await scene.run(['status'], 'no sensor host, no proxy');
    await closed.close();
    await scene.transcript.matches('status/silent');
  });

  test('one that is still starting, and one that was killed', async () => {
    await scene.start({ phase: 'starting' });
    for (const args of [['status'], ['tail'], ['config', 'show', '-o', 'json'], ['deploy', 'publisher']])
      await scene.run(args);
    scene.up.writeState({ alive: false });
    await scene.both(['status'], 'killed');
    await scene.run(['tail', '-o', 'ndjson'], 'killed');
    await scene.transcript.matches('status/not-ready');
  });
});

describe('tail', () => {
  test('what is sent while it looks', async () => {
    // What is sent before the command listens is not seen.
    await scene.start({}, [[/#10\d\d\b/, '#<first seen>']]);
    await scene.up.deploy();
    scene.up.keep([
      { ...delivery('edge-eu-1', 1, NOON - 20_000), config: undefined },
      { ...delivery('edge-us-1', 1, NOON - 10_000, { values: { temperature: 4.5, humidity: 60 } }), config: undefined },
    ]);
    const message = { data: { test: 'hello' } };
    scene.up.keep([
      { id: 'm', body: JSON.stringify(message), reading: undefined, config: undefined, receivedAt: NOON },
    ]);
    const live = async (args: string[]) => {
      const running = scene.run(args);
      const timer = setInterval(() => {
        scene.up.fleet.send('edge-eu-1', { sequence: 1000 + sent++ });
        scene.up.fleet.message({ data: { test: 'hello' } });
      }, 10);
      let sent = 0;
      await running;
      clearInterval(timer);
    };
    for (const mode of [[], ['-o', 'ndjson'], ['--ansi', 'always']]) {
      await scene.run(['tail', '--since', '30s', '--limit', '3', ...mode]);
      await scene.run(['tail', '--since', '2026-01-31T11:59:45Z', '--limit', '1', ...mode]);
      await scene.run(['tail', '--since', '1m', '--region', 'us', '--limit', '1', ...mode]);
      await scene.run(['tail', '--since', '1m', '--region', 'us', '--limit', '1', '--fields', 'humidity', ...mode]);
    }
    await live(['tail', '--limit', '1', '--region', 'eu']);
    await scene.transcript.matches('tail');
  });
});

function delivery(hostname: string, sequence: number, receivedAt: number, more: Partial<Reading> = {}) {
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
    ...more,
  };
  return { id: `${hostname}-${sequence}`, body: JSON.stringify(reading), message: { ...reading }, reading, receivedAt };
}

describe('deploy publisher', () => {
  test('to all, to a region, unchanged, and with what is stronger', async () => {
    await scene.start();
    await scene.both(['deploy', 'publisher', '--color', '#00ff88', '--interval', '1']);
    await scene.run(['deploy', 'publisher', '--color', '#00ff88', '--interval', '1'], 'again');
    await scene.run(['deploy', 'publisher', '--region', 'eu,us', '--color', '--emoji', '3', '--random-off']);
    await scene.run(['deploy', 'publisher', '--region', 'eu', '--proxy', 'http://127.0.0.1:1/', '--max-messages', '5']);
    scene.up.desired.patch({ scope: {}, set: { color: '#3366ff' }, unset: [] }, NOON);
    scene.up.desired.patch({ scope: { hostname: 'edge-eu-1' }, set: { interval: 3 }, unset: [] }, NOON);
    await scene.both(
      ['deploy', 'publisher', '--color', '#ff0000', '--interval', '2'],
      'a fleet configuration is there',
    );
    scene.up.cluster.setRegionLink('as', false);
    await scene.run(['deploy', 'publisher', '--emoji', '1'], 'as is disconnected');
    await scene.run(['deploy', 'publisher', '--emoji', '2', '--region', 'as'], 'as is disconnected');
    await scene.transcript.matches('deploy/publisher');
  });

  test('what is refused, and what fails', async () => {
    await scene.start({}, DURATIONS);
    await scene.both(['deploy', 'publisher', '--region', 'mars']);
    await scene.run(['deploy', 'publisher', '--region', 'eu', '--proxy', 'web-services']);
    await scene.run(['deploy', 'publisher', '--proxy', 'ftp://x']);
    await scene.run(['deploy', 'publisher', '--interval', '0']);
    await scene.run(['deploy', 'publisher', '--max-messages', 'x', '-o', 'json']);
    scene.up.cluster.works = false;
    await scene.soon(['deploy', 'publisher', '--timeout', '1'], 'no sensor sends');
    await scene.soon(['deploy', 'publisher', '--timeout', '1', '--emoji', '1', '-o', 'json'], 'no sensor sends');
    scene.up.cluster.failure = 'exit code 1: no such module';
    await scene.run(['deploy', 'publisher', '--emoji', '2'], 'executions fail');
    scene.box.write('.wasm-sensors/token', 'another\n');
    await scene.both(['deploy', 'publisher'], 'with another token');
    await scene.transcript.matches('deploy/publisher-fails');
  });
});

describe('stop publisher', () => {
  test('all, one, and none', async () => {
    await scene.start();
    await scene.run(['stop', 'publisher'], 'none runs');
    await scene.up.deploy(['--interval=2']);
    await scene.soon(['stop', 'publisher', '--region', 'eu']);
    await scene.soon(['stop', 'publisher', '-o', 'json']);
    await scene.run(['stop', 'publisher', '-o', 'json'], 'none is left');
    await scene.run(['stop', 'publisher', '--region', 'mars']);
    await scene.transcript.matches('stop/publisher');
  });

  test('readings that do not end', async () => {
    await scene.start();
    await scene.up.deploy(['--interval=1']);
    const timer = setInterval(() => scene.up.fleet.send('edge-eu-1'), 5);
    await scene.soon(['stop', 'publisher']);
    clearInterval(timer);
    await scene.transcript.matches('stop/publisher-fails');
  });
});

describe('config', () => {
  test('set, unset and show', async () => {
    await scene.start();
    await scene.both(['config', 'show'], 'nothing is set, nobody sends');
    await scene.run(['config', 'set', 'color=#00ff88'], 'nobody sends');
    await scene.up.deploy();
    await scene.both(['config', 'set', 'color=#00FF88', 'interval=1']);
    await scene.run(['config', 'set', '--region', 'eu', 'colour=random', 'emoji=3', 'random-off=yes']);
    await scene.run(['config', 'set', '--host', 'edge-us-1', 'paused=true', '-o', 'json']);
    await scene.both(['config', 'show']);
    await scene.run(['config', 'show', '--ansi', 'always']);
    await scene.run(['config', 'set', '--region', 'mars', 'paused=true']);
    await scene.run(['config', 'set', '--host', 'edge-mars-1', 'paused=true', '-o', 'json']);
    await scene.run(['config', 'unset', '--region', 'eu', 'color', 'randomOff']);
    await scene.run(['config', 'unset', 'interval', '-o', 'json']);
    await scene.both(['config', 'set', '--no-wait', 'emoji=4']);
    await scene.both(['config', 'show']);
    await scene.transcript.matches('config/changes');
  });

  test('one region after the other', async () => {
    await scene.start({}, DURATIONS);
    await scene.run(['config', 'set', '--rollout', 'us', 'interval=2'], 'nobody sends');
    await scene.up.deploy();
    scene.up.fleet.lively = true;
    await scene.both(['config', 'set', '--rollout', 'us, eu,as', 'interval=2']);
    await scene.run(['config', 'set', '--rollout', 'as', 'paused=true']);
    await scene.run(['config', 'set', '--rollout', ',', 'paused=false']);
    await scene.run(['config', 'set', '--rollout', 'us,mars', 'paused=false', '-o', 'json']);
    scene.up.fleet.deaf.add('edge-eu-1');
    await scene.soon(['config', 'set', '--rollout', 'us,eu,as', 'emoji=1', '--timeout', '1']);
    scene.up.fleet.deaf.clear();
    scene.up.fleet.lively = false;
    await scene.soon(['config', 'set', '--rollout', 'us,eu', 'emoji=2', '-o', 'json'], 'sensors of us fall silent');
    await scene.transcript.matches('config/rollout');
  });

  test('with many sensors', async () => {
    await scene.start({ nodesPerRegion: 11 });
    await scene.up.deploy();
    await scene.run(['config', 'show']);
    await scene.transcript.matches('config/many');
  });

  test('what is refused', async () => {
    await scene.start({}, DURATIONS);
    await scene.up.deploy();
    scene.box.write('wrong', 'another\n');
    await scene.both(['config', 'set', 'paused=true', '--token-file', 'wrong']);
    await scene.run(['config', 'unset', 'paused', '--token-file', 'wrong']);
    await scene.run(['config', 'show', '--token-file', 'wrong'], 'reading needs none');
    await scene.run(['config', 'set', '--region', 'x'.repeat(201), 'paused=true']);
    scene.up.fleet.deaf.add('edge-eu-1');
    await scene.soon(['config', 'set', 'paused=true', '--timeout', '1']);
    await scene.soon(['config', 'set', '--region', 'eu', 'paused=false', '--timeout', '1', '-o', 'json']);
    await scene.transcript.matches('config/refused');
  });

  test('another change takes its place', async () => {
    // Whether it comes before the first look depends on the machine.
    await scene.start({}, [[/^… [012]\/3 sensors converged\n/gm, '']]);
    await scene.up.deploy();
    const { desired, fleet } = scene.up;
    for (const args of [
      ['config', 'set', 'color=#111111', 'emoji=1'],
      ['config', 'set', 'color=#333333', 'interval=1', '-o', 'json'],
    ]) {
      const { version } = desired;
      fleet.deaf.add('edge-eu-1');
      const timer = setInterval(() => {
        if (desired.version === version) return;
        desired.patch({ scope: {}, set: { color: '#222222', emoji: 2 }, unset: [] }, NOON);
        fleet.deaf.clear();
        clearInterval(timer);
      }, 10);
      await scene.soon(args, 'somebody sets color and emoji meanwhile');
    }
    await scene.transcript.matches('config/replaced');
  });

  test('a proxy that has lost its state', async () => {
    await scene.start();
    await scene.up.deploy();
    scene.up.desired.recordReportedVersion(NOON - 5000);
    await scene.both(['config', 'show']);
    await scene.both(['config', 'set', 'paused=true']);
    await scene.run(['deploy', 'config-updater', '--paused']);
    await scene.both(['config', 'set', 'paused=true', '--replace']);
    await scene.run(['config', 'show']);
    await scene.transcript.matches('config/lost');
  });

  test('several proxies', async () => {
    const other = new Box();
    const closed = await closedPort();
    const second = await FakeUp.start(other);
    const url = `http://127.0.0.1:${closed.port}`;
    await scene.start({}, [
      [`:${closed.port}`, ':<closed-port>'],
      ...second.placeholders.map(([from, to]): Placeholder => [from, to.replace(/<(.*)-port>/, '<second-$1-port>')]),
    ]);
    await scene.up.deploy();
    second.desired.patch({ scope: { region: 'eu' }, set: { emoji: 5 }, unset: [] }, NOON);
    const proxies = ['--proxies', [scene.up.endpoints.proxy, second.endpoints.proxy, url].join(',')];
    await scene.both(['config', 'show', ...proxies]);
    await scene.both(['config', 'set', ...proxies, 'interval=1']);
    await scene.run(['config', 'unset', ...proxies, '--no-wait', 'interval']);
    scene.up.fleet.lively = true;
    await scene.run(['config', 'set', ...proxies, '--rollout', 'us', 'interval=2']);
    await scene.run(['config', 'set', '--proxies', `${url},${second.endpoints.proxy}`, '--no-wait', 'interval=3']);
    await scene.run([
      'config',
      'show',
      '--proxies',
      second.endpoints.proxy!,
      '--puller-url',
      scene.up.endpoints.puller!,
    ]);
    await second.close();
    other.close();
    await closed.close();
    await scene.transcript.matches('config/proxies');
  });
});

describe('region', () => {
  test('disconnect and reconnect', async () => {
    await scene.start({ nodesPerRegion: 2 }, DURATIONS);
    await scene.both(['region', 'disconnect', 'eu']);
    await scene.run(['status'], 'eu is disconnected');
    await scene.both(['region', 'reconnect', 'eu']);
    await scene.both(['region', 'disconnect', 'mars']);
    await scene.run(['region', 'disconnect', 'eu', '--timeout', 'x']);
    scene.up.cluster.linksFollow = false;
    await scene.soon(['region', 'disconnect', 'us', '--timeout', '1'], 'nodes stay connected');
    await scene.transcript.matches('region');
  });
});

describe('what the embedded network does not offer', () => {
  test('service jobs and a shell', async () => {
    await scene.start();
    await scene.both(['deploy', 'proxy']);
    await scene.run(['deploy', 'puller']);
    await scene.run(['stop', 'proxy']);
    await scene.run(['stop', 'puller', '-o', 'json']);
    await scene.run(['shell']);
    scene.asked();
    await scene.transcript.matches('not-offered-embedded');
  });
});

describe('down', () => {
  test('asks a running `up` to end, and cleans up after a killed one', async () => {
    await scene.start();
    await scene.run(['down']);
    scene.asked();
    scene.up.writeState({ alive: false });
    await scene.run(['down', '-o', 'json'], 'killed');
    await scene.run(['down', '--volumes']);
    await scene.transcript.matches('down');
  });
});
