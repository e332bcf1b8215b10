/**
 * Faults over a running network, drawn from a seed, while clients send; afterwards every acknowledged reading must be in
 * the store or among the dead letters. In the manner of Jepsen: clients, nemesis and checker know nothing of each other.
 * The seed fixes the faults and their order; when exactly they hit is up to the machine.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../lib/errors/app-error.js';
import { readRunState } from '../../runtime/run-state.js';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { COMPOSE_ENV } from '../support/compose-support.js';
import { FakeClock, faketimeMissing } from '../support/faketime.js';
import { canMount, NEEDS_MOUNT, SmallDisk } from '../support/small-disk.js';
import { check, checkLedger, History, type Verdict } from './checker.js';
import { JOB } from './clients.js';
import { REGIONS, type Tools } from './faults/fault.js';
import { Link } from './link.js';
import { startLoad } from './load.js';
import { clusterOf } from './machine/cluster.js';
import { Containers } from './machine/containers.js';
import { TortureDatabase } from './machine/database.js';
import { HEALED_MS, type Machine } from './machine/machine.js';
import { Processes } from './machine/processes.js';
import { judgeMemory, watchMemory } from './memory.js';
import { Nemesis } from './nemesis.js';
import { Random } from './random.js';

export const NETWORKS = ['embedded', 'native', 'compose'] as const;

export interface TortureOptions {
  seed: number;
  /** How long faults begin; or how many orders of kills happen, with readings sent in between only. */
  length: { seconds: number } | { orders: number };
  network: (typeof NETWORKS)[number];
  /** With the store on a PostgreSQL server, which is a victim, too; in so many shards. */
  postgres?: { shards: number } | undefined;
  log(text: string): void;
  /** Its rejection ends the run early. */
  interrupted?: Promise<never>;
}

export interface TortureResult extends Verdict {
  /** What did not recover, bad answers, gaps of deployed sensors, and memory that grew. */
  problems: string[];
  /** Which a program kept open when it had recovered. */
  deletedFiles: string[];
  /** Nothing of all this. */
  good: boolean;
  /** Kept when something is wrong. */
  folder: string;
}

const NODES_PER_REGION = 2;
/** After the last fault: retries with back-off, redelivery after the visibility timeout, and a slow machine. */
const SETTLE_MS = 120_000;
/** What a relay keeps, or a proxy sends just now, is known a while later: a relay says it with the readings that it sends. */
const EMPTY_MS = 20_000;
/** Of deployed sensors in seconds. Between orders of kills they send one reading each. */
const INTERVAL = '0.5';
const QUIET_INTERVAL = '3600';
/** Room for the readings of a run; the larger a disk is, the longer it takes to fill it. */
const diskMegabytes = (length: TortureOptions['length']) =>
  96 + Math.ceil(('orders' in length ? length.orders : length.seconds) / 4);
const PROJECT = `wasm-sensors-torture-${process.pid}`;
/** Asking Docker takes a while. */
const SAMPLE_MS = { embedded: 1000, native: 1000, compose: 5000 };

export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { network, interrupted = new Promise<never>(() => {}) } = options;
  const own = mkdtempSync(join(tmpdir(), 'torture-'));
  const missing = missingTools(network);
  for (const [tool, why] of Object.entries(missing)) options.log(`no faults of the ${tool}: ${why}`);
  const clock = missing.clock ? undefined : new FakeClock(own);
  const env = network === 'compose' ? { ...COMPOSE_ENV, COMPOSE_PROJECT_NAME: PROJECT } : {};
  const database = options.postgres && (await TortureDatabase.start());
  const store = database ? { WASM_SENSORS_STORE: database.url } : {};
  const all = { ...env, ...store, ...clock?.env };
  const sandbox = new Sandbox(all);
  mkdirSync(sandbox.stateDir);
  const disk = missing.disk ? undefined : new SmallDisk(sandbox.stateDir, diskMegabytes(options.length));
  const tools = { ...(clock && { clock }), ...(disk && { disk }), ...(database && { database }) };
  let good = false;
  try {
    const result = await Promise.race([
      attack(sandbox, tools, own, database && { database, env: all }, options),
      interrupted,
    ]);
    good = result.good;
    return result;
  } finally {
    await sandbox.run(['down', ...(good && network === 'compose' ? ['--volumes'] : [])]);
    if (!good && disk) cpSync(sandbox.stateDir, join(sandbox.dir, 'kept'), { recursive: true });
    disk?.unmount();
    if (good) await sandbox.close();
    database?.stop();
    rmSync(own, { recursive: true });
  }
}

/** Why a tool of the nemesis is not there. */
function missingTools(network: TortureOptions['network']): Partial<Record<keyof Tools, string>> {
  const missing: Partial<Record<keyof Tools, string>> = {};
  if (network !== 'embedded') missing.clock = 'no library can mislead nodes of Bacalhau, which are Go programs';
  else if (faketimeMissing) missing.clock = faketimeMissing;
  if (network === 'compose') missing.disk = 'containers share the disk of the engine';
  else if (!canMount()) missing.disk = NEEDS_MOUNT;
  return missing;
}

async function attack(
  sandbox: Sandbox,
  tools: Partial<Tools>,
  folder: string,
  shared: { database: TortureDatabase; env: Record<string, string> } | undefined,
  { seed, length, network, postgres, log }: TortureOptions,
): Promise<TortureResult> {
  const sensors = ['--interval', 'orders' in length ? QUIET_INTERVAL : INTERVAL, '--timeout', '120'];
  const nodes = [
    '--relays',
    '--network',
    network,
    '--nodes',
    String(NODES_PER_REGION),
    ...(postgres ? ['--shards', String(postgres.shards)] : []),
    ...(await Sandbox.portFlags(network)),
  ];
  let deployed = false;
  const start = async (deploy: boolean) => {
    await eventually('the end of the last `up`', () => !readRunState(sandbox.stateDir)?.alive, HEALED_MS);
    const args = ['up', '-d', ...nodes, ...(deploy ? ['--deploy', ...sensors] : [])];
    const { code, stderr } = await sandbox.run(args, { timeoutMs: 180_000 });
    if (code !== 0) throw new Error(`up ended with ${code}: ${stderr}`);
    deployed = deploy;
  };
  await start('seconds' in length);
  const cluster = shared && (await clusterOf(sandbox, shared, postgres?.shards ?? 1));
  const machine = network === 'compose' ? await Containers.of(PROJECT, folder) : new Processes(sandbox, cluster);
  const link = await Link.to(sandbox.state().endpoints.proxy);
  const history = new History();
  const memory = watchMemory(machine, SAMPLE_MS[network]);
  const nemesis = new Nemesis({ sandbox, machine, link, tools, history, start }, new Random(seed), log);
  if ('orders' in length) {
    await nemesis.runOrders(length.orders);
  } else {
    const load = startLoad(sandbox, link, { history, seed, settleMs: SETTLE_MS, second: cluster?.further.proxyUrl });
    await nemesis.run(length.seconds);
    await load.stop();
  }
  link.close();
  const verdict = await settle(sandbox, machine, history);
  if (!deployed) await sandbox.json(['deploy', 'publisher', ...sensors]);
  const fleet = await fleetProblems(sandbox);
  const { sensors: accounts } = await sandbox.fleet().snapshot();
  // The others go on meanwhile.
  const ended = accounts.filter(({ state, job_id: id }) => state !== 'live' || id === JOB);
  fleet.push(...checkLedger(history.sentOf, await machine.storePath(), ended));
  const course = judgeMemory(await memory.stop());
  await cluster?.further.stop();
  for (const line of [...course.lines, ...(cluster?.takeovers.histogram() ?? [])]) log(line);
  const late = cluster?.takeovers.problems ?? [];
  const problems = [
    ...nemesis.problems,
    ...history.badAnswers,
    ...fleet,
    ...course.problems,
    ...late,
    ...machine.crashes(),
  ];
  const { deletedFiles } = nemesis;
  const good = [verdict.missing, verdict.wrong, problems, deletedFiles].every((found) => found.length === 0);
  return { ...verdict, problems, deletedFiles, good, folder: sandbox.dir };
}

/** Checks until nothing is missing, or nothing can arrive any more. */
async function settle(sandbox: Sandbox, machine: Machine, history: History): Promise<Verdict> {
  const look = async () => {
    const args = ['queue', 'dead-letters', '--limit', '100000'];
    const { deadLetters } = await sandbox.json<{ deadLetters: { body: string }[] }>(args);
    const bodies = deadLetters.map(({ body }) => body);
    return check(history, JOB, await machine.storePath(), bodies);
  };
  let emptySince = Number.POSITIVE_INFINITY;
  const complete = async () => {
    // Asked first: what the puller then takes from the queue is in the store before it is deleted there.
    const { depth } = await sandbox.fleet().stats();
    const { relays } = await sandbox.fleet().summary();
    const kept = relays.some(({ backlog }) => backlog > 0);
    const isEmpty = depth !== undefined && depth.visible + depth.inFlight === 0 && !kept;
    emptySince = isEmpty ? Math.min(emptySince, performance.now()) : Number.POSITIVE_INFINITY;
    const verdict = await look();
    return (verdict.missing.length === 0 || performance.now() - emptySince > EMPTY_MS) && verdict;
  };
  return eventually('every acknowledged reading', complete, SETTLE_MS).catch(look);
}

/** Every deployed sensor sends, and each of its readings has arrived. */
async function fleetProblems(sandbox: Sandbox): Promise<string[]> {
  const deployed = async () => {
    const { sensors } = await sandbox.fleet().snapshot();
    return sensors.filter(({ job_id, state }) => job_id !== JOB && state === 'live');
  };
  const complete = async () => {
    const sensors = await deployed();
    return (
      sensors.length === REGIONS.length * NODES_PER_REGION &&
      // A restarted node runs its execution again, which counts from 1 again.
      sensors.every(({ received, sequence, gaps }) => received >= sequence && gaps === 0)
    );
  };
  try {
    await eventually('every reading of every deployed sensor', complete, SETTLE_MS);
    return [];
  } catch (error) {
    const sensors = await deployed().catch(() => []);
    const counts = sensors.map(
      ({ hostname, received, sequence, gaps, restarts }) =>
        `${hostname} received ${received} to ${sequence}, ${gaps} gaps, ${restarts} restarts`,
    );
    return [`${messageOf(error)}: ${counts.join('; ')}`];
  }
}
