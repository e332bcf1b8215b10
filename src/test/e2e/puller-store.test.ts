/** The puller and its store while somebody sets the clock, or deletes, empties or damages the file. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type TestContext, test } from 'vitest';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { ProxyClient } from '../../proxy/proxy-client.js';
import type { PullerAppStats } from '../../puller/puller-app.js';
import { eventually, nothingMissing, Sandbox } from '../support/cli-harness.js';
import { FakeClock, faketimeMissing } from '../support/faketime.js';

const DAY = 86_400_000;
const sumOf = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0);
const statsOf = async (url: string) => (await (await fetch(`${url}/stats`)).json()) as PullerAppStats;

/** A folder for one test. */
function place({ onTestFinished }: TestContext, env: Record<string, string> = {}) {
  const sandbox = new Sandbox(env);
  mkdirSync(sandbox.stateDir);
  onTestFinished(() => sandbox.close());
  const store = join(sandbox.stateDir, 'readings.db');

  function storedReadings(): number {
    const db = openSqlite(store, { readOnly: true });
    try {
      return (db.prepare('select count(*) as n from readings').get() as { n: number }).n;
    } finally {
      db.close();
    }
  }

  /** `up`, of which every sensor sends ten readings a second. */
  async function up() {
    const flags = ['--deploy', '--interval', '0.1', ...(await Sandbox.portFlags())];
    const running = sandbox.spawn(['up', ...flags]);
    await eventually('a ready system', () => sandbox.state().phase === 'ready');
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > 100);
    return running;
  }

  const pullerLog = () => readFileSync(join(sandbox.stateDir, 'logs', 'puller.log'), 'utf8');
  return { sandbox, store, storedReadings, up, pullerLog };
}

test.skipIf(faketimeMissing)(
  'steps of the clock delete nothing, hide no sensor and make no dead letters',
  async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'clock-'));
    context.onTestFinished(() => rmSync(folder, { recursive: true }));
    const clock = new FakeClock(folder);
    const { sandbox, storedReadings, up, pullerLog } = place(context, clock.env);
    const running = await up();
    for (const offset of ['+25h', '+5d', '-1h', '+0']) {
      const before = storedReadings();
      clock.set(offset);
      // At least one round of retention, and of everything else that is done every second.
      await sleep(3000);
      expect(storedReadings()).toBeGreaterThanOrEqual(before);
      // A sensor that the step has hidden stays so; one that a busy machine holds up does not.
      await eventually(`all three sensors at ${offset}`, async () => {
        const { total } = await sandbox.fleet().summary();
        return total.live === 3 && total.silent === 0;
      });
    }
    const { proxy, puller } = sandbox.state().endpoints;
    expect(await statsOf(puller)).toMatchObject({ deadLettered: 0, clockAheadMs: 0 });
    expect(pullerLog()).toMatch(/the clock was set 25 hours ahead/);
    expect(running.stdout).toMatch(/alert.*the clock was set forward by 90000 s/);
    // What was under way when the clock was set back by more than a day was too far ahead of it, and is refused.
    const client = new ProxyClient(proxy, { token: readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim() });
    const refusals = async () => sumOf(Object.values((await client.stats()).refused));
    const received = await eventually('every reading that was not refused', async () => {
      const { sensors, summary } = await sandbox.fleet().snapshot();
      const missing = sumOf(sensors.map(({ received, sequence }) => sequence - received));
      return missing <= (await refusals()) && summary.total.received;
    });
    await eventually('every reading in the store', () => storedReadings() >= received);
  },
  120_000,
);

test.skipIf(faketimeMissing)(
  'readings of a clock that was two days ahead are stored after it is corrected',
  async (context) => {
    const { sandbox, storedReadings } = place(context);
    const clock = new FakeClock(sandbox.dir);
    const [, proxyPort, , pullerPort, , queuePort] = await Sandbox.portFlags();
    const queue = ['--queue', 'readings', '--queue-endpoint', `http://127.0.0.1:${queuePort}`, '--queue-unsigned'];
    // Only proxy and puller: what the queue does with a step has tests of its own.
    sandbox.spawn(['queue', 'serve', '--create', 'readings', '--port', queuePort!]);
    await eventually('a queue', async () => (await fetch(`http://127.0.0.1:${queuePort}/health`)).ok);
    clock.set('+2d');
    sandbox.spawn(['proxy', 'serve', ...queue, '--port', proxyPort!], clock.env);
    const send = async (ahead: number) => {
      const readings = Array.from({ length: 100 }, (_, i) => ({
        ...{ job_id: 'j', execution_id: `e-${ahead}`, hostname: 'h', icon_name: '🚀', color: '#00ff88', region: 'eu' },
        ...{ sequence: i + 1, timestamp: new Date(Date.now() + ahead).toISOString(), job_submission_time: 0 },
      }));
      const body = JSON.stringify(readings);
      return (await fetch(`http://127.0.0.1:${proxyPort}/send`, { method: 'POST', body })).status;
    };
    expect(await eventually('a proxy', () => send(2 * DAY))).toBe(200);
    clock.set('+0');
    const puller = `http://127.0.0.1:${pullerPort}`;
    sandbox.spawn(['puller', 'serve', ...queue, '--port', pullerPort!], clock.env);
    const stats = await eventually('all deleted', async () => {
      const now = await statsOf(puller);
      return now.deleted + now.deadLettered >= 100 && now;
    });
    expect([stats.deadLettered, storedReadings()]).toEqual([0, 100]);
    // The proxy still judges, by the clock it has now.
    expect(await send(2 * DAY)).toBe(207);
  },
  60_000,
);

test('a store that is deleted under load is back within seconds, and nothing acknowledged is missing after kill -9', async (context) => {
  const { sandbox, store, storedReadings, up, pullerLog } = place(context);
  const running = await up();
  const deletions: (() => void)[] = [
    () => rmSync(store),
    () => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(store + suffix, { force: true });
    },
    () => rmSync(`${store}-wal`),
  ];
  // A deletion of several files may be noticed in the middle, and again after it.
  const writtenBack = () => pullerLog().split('It is written back').length;
  for (const remove of deletions) {
    const before = writtenBack();
    remove();
    await eventually('the store', () => writtenBack() > before, 10_000);
    await sleep(500);
  }
  process.kill(sandbox.pidOf('puller'), 'SIGKILL');
  await eventually('a new puller', () => /puller restarted \(pid/.test(running.stdout + running.stderr));
  const { summary, sensors } = await nothingMissing(sandbox.fleet());
  expect([sensors.length, summary.total.gaps]).toEqual([3, 0]);
  await eventually('every reading in the store', () => storedReadings() >= summary.total.received);
}, 120_000);

test('an emptied and a damaged store are quarantined, salvaged and said', async (context) => {
  const { sandbox, store, storedReadings, up } = place(context);
  const running = await up();
  await sandbox.run(['down']);
  await running.ended;
  const whole = storedReadings();
  overwritePages(store, 8, 10);
  const again = sandbox.spawn(['up', ...(await Sandbox.portFlags())]);
  await eventually('a ready system', () => sandbox.state().phase === 'ready');
  await eventually('it on the screen', () =>
    /store was damaged.*readings\.db\.damaged/.test(again.stdout + again.stderr),
  );
  const status = await sandbox.run(['status']);
  expect(status.stdout).toMatch(/store .*damaged.*readings\.db\.damaged/);
  expect(storedReadings()).toBeGreaterThan(whole / 3);
  await sandbox.run(['down']);
  for (const suffix of ['-wal', '-shm']) rmSync(store + suffix, { force: true });
  truncateSync(store, 0);
  sandbox.spawn(['up', ...(await Sandbox.portFlags())]);
  await eventually('a ready system', () => sandbox.state().phase === 'ready');
  const { puller } = await sandbox.json<{ puller: PullerAppStats }>(['status']);
  expect(puller.store?.quarantined).toEqual([`${store}.damaged`, `${store}.damaged-2`]);
}, 120_000);

function overwritePages(store: string, from: number, to: number): void {
  const file = openSync(store, 'r+');
  expect(statSync(store).size).toBeGreaterThan((to + 1) * 4096);
  for (let page = from; page <= to; page++) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  closeSync(file);
}
