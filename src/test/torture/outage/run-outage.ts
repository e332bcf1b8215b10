/**
 * `npm run outage -- [--sensors 1000] [--minutes 60] [--pace 1]`: a site with a relay loses its uplink. Its sensors, which take
 * a reading a second, are replaced twice meanwhile, its relay is killed five times, and the relay's disk is full once. Then
 * the link returns, and readings go on beside the backlog. Everything but the sensors is a real process; `--pace 60` lets
 * an hour pass in a minute, with readings of the past. Exit code 1 when a reading is missing, when one is stored
 * that nobody has taken, or when the fleet view has other numbers than the store.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { usageOf } from '../../../bench/usage.js';
import { stopRequested } from '../../../lib/process/shutdown.js';
import { eventually, Sandbox } from '../../support/cli-harness.js';
import { canMount, NEEDS_MOUNT, SmallDisk } from '../../support/small-disk.js';
import { checkLedger } from '../checker.js';
import { Link } from '../link.js';
import { compare } from './compare.js';
import { RelayProcess } from './relay-process.js';
import { Site } from './site.js';

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { sensors: option, minutes: option, pace: option } });
const SENSORS = Number(values.sensors ?? 1000);
const SECONDS = Number(values.minutes ?? 60) * 60;
/** Seconds of the outage that pass in one. */
const PACE = Number(values.pace ?? 1);

const REGION = 'eu';
const BEFORE_S = 10;
/** How long readings go on when the backlog is gone. */
const AFTER_S = 10;
const FULL_S = 10;
/** Of a reading on the relay's disk, and of what is there beside all of them. */
const READING_BYTES = 450;
const LOG_BYTES = 128 * 1_048_576;
const SETTLED_MS = 900_000;
/** Shares of the outage. */
const DEPLOYED = [1 / 3, 2 / 3];
const KILLED = [0.1, 0.25, 0.5, 0.7, 0.9];
const FULL = 0.4;

interface Parts {
  sandbox: Sandbox;
  site: Site;
  relay: RelayProcess;
  disk: SmallDisk;
  link: Link;
}

const began = performance.now();
const log = (text: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);

/** Takes readings for as many seconds, from `at` on (Unix milliseconds), `pace` seconds in one. */
async function takeFor(
  site: Site,
  { seconds, at = Date.now(), pace = 1 }: { seconds: number; at?: number; pace?: number },
  each?: (second: number, at: number) => Promise<void> | void,
): Promise<void> {
  let next = performance.now();
  for (let second = 0; second < seconds; second += pace) {
    const from = at + second * 1000;
    await each?.(second, from);
    site.take(from, from + pace * 1000);
    next += 1000;
    await sleep(Math.max(0, next - performance.now()));
  }
}

const ledger = async ({ sandbox }: Parts): Promise<string> => {
  const { total, relays } = await sandbox.fleet().summary();
  const { received, gaps, waiting, unaccounted, duplicates, late, live, silent } = total;
  const counts = { live, silent, received, gaps, waiting, unaccounted, duplicates, late };
  const kept = relays.map(({ backlog, away }) => `relay${away ? ' (away)' : ''} keeps ${backlog}`);
  return [...Object.entries(counts).map(([name, count]) => `${name} ${count}`), ...kept].join(', ');
};

async function outage(parts: Parts, at: number): Promise<void> {
  const { site, relay, disk } = parts;
  /** Second of the last tick. */
  let last = -1;
  const passes = (share: number, second: number) => share * SECONDS > last && share * SECONDS <= second;
  await takeFor(site, { seconds: SECONDS, at, pace: PACE }, async (second, time) => {
    if (DEPLOYED.some((share) => passes(share, second))) {
      log(`sensors are replaced; status: ${await ledger(parts)}`);
      site.deploy(time);
    }
    if (KILLED.some((share) => passes(share, second))) {
      log(`kill -9 of the relay, which has acknowledged ${site.acknowledged} readings`);
      void relay.kill();
    }
    if (passes(FULL, second)) {
      log(`the disk of the relay is full for ${FULL_S} s`);
      disk.fill();
      setTimeout(() => {
        log(`the disk has room again; sensors keep ${site.kept} readings`);
        disk.makeRoom();
      }, FULL_S * 1000);
    }
    last = second;
  });
  await eventually('every reading at the relay', () => site.kept === 0, SETTLED_MS);
}

/** Lets the link return, and readings go on until the backlog is gone, and some seconds after that. Gives its seconds. */
async function drain({ site, relay, link }: Parts): Promise<number> {
  const returned = performance.now();
  link.set(undefined);
  let drained: number | undefined;
  void eventually(
    'the end of the backlog',
    // What comes at that moment is none.
    async () => (await relay.backlog()) < SENSORS / 2,
    SETTLED_MS,
  ).then(() => (drained = performance.now()));
  for (let second = 1; drained === undefined; second++) {
    await takeFor(site, { seconds: 1 });
    if (second % 10 === 0) log(`backlog ${await relay.backlog()}`);
  }
  await takeFor(site, { seconds: AFTER_S });
  return (drained - returned) / 1000;
}

/** Microseconds of CPU that each program takes from now on until the second call. */
function watchCpu(programs: { name: string; pid: number }[]): () => { name: string; micros: number }[] {
  const before = programs.map(({ pid }) => usageOf(pid).cpu);
  return () => programs.map(({ name, pid }, i) => ({ name, micros: (usageOf(pid).cpu - (before[i] ?? 0)) * 1e6 }));
}

/** Whether everything is as it should be. */
async function run(parts: Parts): Promise<boolean> {
  const { sandbox, site, relay, link } = parts;
  const fleet = sandbox.fleet();
  const lasts = SECONDS * 1000;
  // In as little time as `pace` gives it, the outage ends about now.
  const begin = Date.now() - lasts + lasts / PACE;
  site.deploy(begin - BEFORE_S * 1000);
  await takeFor(site, { seconds: BEFORE_S, at: begin - BEFORE_S * 1000 });
  const expected = SENSORS * BEFORE_S;
  await eventually('readings', async () => (await fleet.summary()).total.received >= expected, SETTLED_MS);
  log(`before: ${await ledger(parts)}`);

  link.set('refused');
  log(`${SENSORS} sensors at a reading a second: ${SECONDS / 60} minutes without uplink`);
  const { acknowledged } = site;
  await outage(parts, begin);
  const backlog = site.acknowledged - acknowledged;
  log(`the relay has acknowledged ${backlog} readings; ${site.refusals} requests were refused or cut off`);
  log(`at the end of the outage: ${await ledger(parts)}`);

  const cpu = watchCpu([...sandbox.state().children, { name: 'relay', pid: relay.pid }]);
  const returned = Date.now();
  const seconds = await drain(parts);
  site.paused = true;
  await takeFor(site, { seconds: 1 });
  await eventually('acknowledgements', () => site.kept === 0, SETTLED_MS);
  const taken = [...site.taken.values()].reduce((sum, count) => sum + count, 0);
  // What is on its way is nowhere for a moment.
  const arrived = async () => (await fleet.summary()).total.received >= taken;
  await eventually('every reading', arrived, SETTLED_MS).catch(({ message }) => log(message));
  const used = cpu();
  await eventually('nothing that waits', async () => (await fleet.summary()).total.waiting === 0).catch(() => {});
  log(`after: ${await ledger(parts)}`);

  const path = join(sandbox.stateDir, 'readings.db');
  const { stored, missing, wrong, late, outOfOrder, delays } = compare(path, site.taken, returned);
  const { sensors } = await fleet.snapshot();
  const accounts = sensors.filter(({ execution_id: id }) => site.taken.has(id));
  const problems = checkLedger(site.taken, path, accounts);
  const { duplicates } = (await fleet.summary()).total;
  const at = (share: number) => `${delays[Math.min(delays.length - 1, Math.floor(delays.length * share))]} ms`;
  log(`taken ${taken}, stored ${stored}, missing ${missing}, never taken ${wrong}, duplicates ${duplicates}`);
  // The queue keeps no order.
  log(`order for each sensor: ${late} late, ${outOfOrder} of these out of the order of their lane`);
  log(`backlog: ${backlog} readings in ${seconds.toFixed(1)} s = ${Math.round(backlog / seconds)} a second`);
  log(`readings of meanwhile, until they are stored: ${at(0.5)} (median), ${at(0.99)} (99 %), ${at(1)} (most)`);
  const shares = used.map(({ name, micros }) => `${name} ${(micros / backlog).toFixed(1)}`);
  log(`CPU of the drain, µs a reading of the backlog: ${shares.join(', ')}`);
  log(`the ledger differs for ${problems.length} of ${site.taken.size} sensors`);
  for (const problem of problems.slice(0, 20)) log(problem);
  return missing + wrong + problems.length === 0 && accounts.length === site.taken.size;
}

async function main(): Promise<void> {
  if (!canMount()) throw new Error(NEEDS_MOUNT);
  const sandbox = new Sandbox();
  const folder = join(sandbox.dir, 'relay');
  mkdirSync(folder);
  const disk = new SmallDisk(folder, Math.ceil((LOG_BYTES + SENSORS * SECONDS * READING_BYTES) / 1_048_576));
  let relay: RelayProcess | undefined;
  let good = false;
  try {
    const up = await sandbox.run(['up', '-d', '--network', 'embedded', ...(await Sandbox.portFlags('embedded'))]);
    if (up.code !== 0) throw new Error(up.stderr);
    const link = await Link.to(sandbox.state().endpoints.proxy);
    relay = await RelayProcess.of(folder, link.url, REGION);
    const site = new Site(relay.url, REGION, SENSORS);
    site.counts = PACE === 1;
    const interrupted = stopRequested({ supervised: false }).then((reason): never => {
      throw reason;
    });
    good = await Promise.race([run({ sandbox, site, relay, disk, link }), interrupted]);
  } finally {
    await relay?.end();
    disk.unmount();
    await sandbox.close();
    if (!good) process.exitCode = 1;
  }
}

await main();
process.exit();
