/**
 * `npm run outage -- [--sensors 1000] [--minutes 60]`: an hour without uplink of a site with a relay, in as little time as its
 * relay takes it. Sensors are redeployed twice, the relay is killed five times, and its disk is full once. Then the link
 * returns, and new readings come every second beside the backlog. Everything is a real process; only the hour's readings, which
 * one program takes for all sensors, carry times of the past, and each sensor sends those of a minute in one request.
 * Exit code 1 when a reading is missing, twice, or out of order among those that waited.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { usageOf } from '../../bench/usage.js';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { canMount, SmallDisk } from '../support/small-disk.js';
import { Link } from './link.js';
import { Relay, Site } from './outage-site.js';

const { values } = parseArgs({ options: { sensors: { type: 'string' }, minutes: { type: 'string' } } });
const { sensors = '1000', minutes = '60' } = values;
const SENSORS = Number(sensors);
const MINUTES = Number(minutes);
const MINUTE_MS = 60_000;

const began = performance.now();
const log = (text: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);

/** Minutes in which something happens, in order of time. */
const part = (share: number) => Math.floor(MINUTES * share);
const DEPLOYED = [0, part(1 / 3), part(2 / 3)];
const KILLED = [0.1, 0.25, 0.5, 0.7, 0.9].map(part);
const FULL = part(0.4);

async function outage(site: Site, relay: Relay, disk: SmallDisk, begin: number): Promise<void> {
  for (let minute = 0; minute < MINUTES; minute++) {
    const from = begin + minute * MINUTE_MS;
    if (DEPLOYED.includes(minute)) site.deploy(from);
    const sent = site.send(from, from + MINUTE_MS);
    if (KILLED.includes(minute)) {
      await sleep(300);
      log(`minute ${minute}: kill -9 of the relay, which has ${site.acknowledged} readings`);
      relay.kill();
    }
    if (minute === FULL) {
      log(`minute ${minute}: the disk is full for 5 s`);
      disk.fill();
      await sleep(5000);
      disk.makeRoom();
    }
    await sent;
  }
}

const backlogOf = async (relay: Relay): Promise<number> => {
  const { uplink } = (await (await fetch(`${relay.url}/stats`)).json()) as { uplink: { backlog: number } };
  return uplink.backlog;
};

/** Sends a reading a second of each sensor until the backlog is gone, and some seconds after that. */
async function goOn(site: Site, relay: Relay): Promise<number> {
  const returned = performance.now();
  let drained: number | undefined;
  for (let next = Date.now(); drained === undefined || performance.now() - drained < 10_000; next += 1000) {
    const backlog = await backlogOf(relay).catch(() => undefined);
    if (backlog === 0) drained ??= performance.now();
    if (next % 5000 < 1000) log(`backlog ${backlog}`);
    await site.send(next, next + 1000);
    await sleep(Math.max(0, next + 1000 - Date.now()));
  }
  return (drained - returned) / 1000;
}

interface Found {
  stored: number;
  missing: number;
  /** Stored readings that were never taken. */
  wrong: number;
  /** Among those that waited, after a later one of their sensor. */
  outOfOrder: number;
  /** Milliseconds from when readings of after the return were taken until the puller had them. */
  delays: number[];
}

function compare(storePath: string, taken: Map<string, number>, returned: number): Found {
  const db = openSqlite(storePath, { readOnly: true });
  const found: Found = { stored: 0, missing: 0, wrong: 0, outOfOrder: 0, delays: [] };
  const seen = new Map<string, Set<number>>();
  const last = new Map<string, number>();
  const rows = db.prepare(
    "select execution_id as id, sequence, taken_at as taken, received_at as received from readings where execution_id like 'outage-%' order by readings.id",
  );
  for (const row of rows.iterate() as Iterable<{ id: string; sequence: number; taken: number; received: number }>) {
    found.stored++;
    const of = seen.get(row.id) ?? new Set();
    seen.set(row.id, of.add(row.sequence));
    if (row.taken >= returned) found.delays.push(row.received - row.taken);
    else {
      if (row.sequence < (last.get(row.id) ?? 0)) found.outOfOrder++;
      last.set(row.id, Math.max(row.sequence, last.get(row.id) ?? 0));
    }
  }
  db.close();
  for (const [id, count] of taken) found.missing += count - (seen.get(id)?.size ?? 0);
  found.wrong = [...seen.keys()].filter((id) => !taken.has(id)).length;
  return found;
}

async function main(): Promise<void> {
  if (!canMount()) throw new Error('needs root, for a small disk');
  const sandbox = new Sandbox();
  const folder = join(sandbox.dir, 'relay');
  mkdirSync(folder);
  const disk = new SmallDisk(folder, 128 + Math.ceil((SENSORS * MINUTES * 60 * 1500) / 1_048_576));
  let relay: Relay | undefined;
  try {
    const up = await sandbox.run(['up', '-d', '--network', 'embedded', ...(await Sandbox.portFlags('embedded'))]);
    if (up.code !== 0) throw new Error(up.stderr);
    const link = await Link.to(sandbox.state().endpoints.proxy);
    link.set('refused');
    relay = await Relay.of(folder, link.url);
    const site = new Site(relay, SENSORS);
    log(`${SENSORS} sensors at a reading a second, ${MINUTES} minutes without uplink`);
    await outage(site, relay, disk, Date.now() - MINUTES * MINUTE_MS);
    const backlog = site.acknowledged;
    log(
      `the link returns: the relay has ${backlog} readings; ${site.refusals} requests were refused or cut off meanwhile`,
    );
    const processes = [...sandbox.state().children, { name: 'relay', pid: relay.pid }];
    const cpuOf = () => processes.map(({ pid }) => usageOf(pid).cpu);
    const before = cpuOf();
    const returned = Date.now();
    link.set(undefined);
    const seconds = await goOn(site, relay);
    const fleet = sandbox.fleet();
    await eventually('an empty queue', async () => (await fleet.stats()).depth?.visible === 0, 600_000);
    const cpu = cpuOf();
    const { total } = await fleet.summary();
    const { stored, missing, wrong, outOfOrder, delays } = compare(
      join(sandbox.stateDir, 'readings.db'),
      site.taken,
      returned,
    );
    delays.sort((a, b) => a - b);
    const at = (share: number) => `${delays[Math.min(delays.length - 1, Math.floor(delays.length * share))]} ms`;
    log(`backlog: ${backlog} readings in ${seconds.toFixed(1)} s = ${Math.round(backlog / seconds)} a second`);
    log(`readings of meanwhile: delayed by ${at(0.5)} (median), ${at(0.99)} (99 %), ${at(1)} (most)`);
    log(`stored ${stored}, missing ${missing}, never taken ${wrong}, out of order ${outOfOrder}`);
    log(
      `status: gaps ${total.gaps}, waiting ${total.waiting}, unaccounted ${total.unaccounted}, duplicates ${total.duplicates}`,
    );
    for (const [i, { name }] of processes.entries())
      log(`CPU of ${name}: ${(((cpu[i]! - before[i]!) * 1e6) / stored).toFixed(1)} µs a reading`);
    if (missing + wrong + outOfOrder + total.gaps > 0) process.exitCode = 1;
    link.close();
  } finally {
    await relay?.end();
    disk.unmount();
    await sandbox.close();
  }
}

await main();
process.exit();
