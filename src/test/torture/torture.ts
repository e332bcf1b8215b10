/**
 * Faults over a running network, drawn from a seed, while clients send; afterwards every acknowledged reading must be in
 * the store or among the dead letters. In the manner of Jepsen: clients, nemesis and checker know nothing of each other.
 * The seed fixes the faults and their order; when exactly they hit is up to the machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usages } from '../../bench/usage.js';
import { messageOf } from '../../lib/errors/app-error.js';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { FakeClock, faketimeMissing } from '../support/faketime.js';
import { check, History, type Verdict } from './checker.js';
import { flood, JOB, sendReadings } from './clients.js';
import { Nemesis } from './nemesis.js';
import { Random } from './random.js';

export interface TortureOptions {
  seed: number;
  /** How long faults begin. */
  seconds: number;
  network: 'embedded' | 'native';
  log(text: string): void;
  /** Its rejection ends the run early. */
  interrupted?: Promise<never>;
}

export interface TortureResult extends Verdict {
  /** What did not recover, bad answers, and gaps of deployed sensors. */
  problems: string[];
  /** Kept when something is wrong. */
  folder: string;
}

const NODES_PER_REGION = 2;
const CLIENTS_PER_REGION = 2;
const REGIONS = ['us', 'eu', 'as'];
/** After the last fault: retries with back-off, redelivery after the visibility timeout, and a slow machine. */
const SETTLE_MS = 120_000;

export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { network, interrupted = new Promise<never>(() => {}) } = options;
  const clockFolder = mkdtempSync(join(tmpdir(), 'torture-clock-'));
  // Nodes of Bacalhau are Go programs, which no library can mislead.
  const clock = network === 'embedded' && !faketimeMissing ? new FakeClock(clockFolder) : undefined;
  const sandbox = new Sandbox(clock?.env);
  let good = false;
  try {
    const result = await Promise.race([attack(sandbox, clock, options), interrupted]);
    good = result.problems.length + result.missing.length + result.wrong.length === 0;
    return result;
  } finally {
    if (good) await sandbox.close();
    else await sandbox.run(['down']);
    rmSync(clockFolder, { recursive: true });
  }
}

async function attack(
  sandbox: Sandbox,
  clock: FakeClock | undefined,
  { seed, seconds, network, log }: TortureOptions,
): Promise<TortureResult> {
  const flags = ['--deploy', '--nodes', String(NODES_PER_REGION), '--interval', '0.5', '--timeout', '120'];
  const args = ['up', '-d', '--network', network, ...flags, ...(await Sandbox.portFlags(network))];
  const start = async () => {
    const { code, stderr } = await sandbox.run(args, { timeoutMs: 180_000 });
    if (code !== 0) throw new Error(`up ended with ${code}: ${stderr}`);
  };
  await start();
  logMemory(sandbox, log);
  const { children, endpoints } = sandbox.state();
  const history = new History();
  const load = startLoad(endpoints.proxy, history, seed);
  const victim = {
    ...{ sandbox, clock, start },
    processes: children.map(({ name }) => name).sort(),
    flood: (duration: number, random: Random) => flood(endpoints.proxy, duration, random, history),
  };
  const nemesis = new Nemesis(victim, new Random(seed), log);
  await nemesis.run(seconds);
  log('the faults are over');
  await load.stop();
  const verdict = await settle(sandbox, history);
  const problems = [...nemesis.problems, ...history.badAnswers, ...(await fleetProblems(sandbox))];
  logMemory(sandbox, log);
  return { ...verdict, problems, folder: sandbox.dir };
}

/** Some executions in each region, each with random numbers of its own: their order of events changes nothing. */
function startLoad(proxy: string, history: History, seed: number): { stop(): Promise<unknown> } {
  const stopped = new AbortController();
  const giveUp = new AbortController();
  const clients = REGIONS.flatMap((region, r) =>
    Array.from({ length: CLIENTS_PER_REGION }, (_, i) => {
      const sensor = { execution_id: `${JOB}-${region}-${i + 1}`, region };
      const random = new Random(seed + 1 + r * CLIENTS_PER_REGION + i);
      return sendReadings(proxy, sensor, { history, random, stopped: stopped.signal, giveUp: giveUp.signal });
    }),
  );
  const stop = () => {
    stopped.abort();
    setTimeout(() => giveUp.abort(), SETTLE_MS).unref();
    return Promise.all(clients);
  };
  return { stop };
}

/** Checks until nothing is missing; the last verdict when that never happens. */
async function settle(sandbox: Sandbox, history: History): Promise<Verdict> {
  const store = join(sandbox.stateDir, 'readings.db');
  const look = async () => {
    const args = ['queue', 'dead-letters', '--limit', '100000'];
    const { deadLetters } = await sandbox.json<{ deadLetters: { body: string }[] }>(args);
    return check(
      history,
      JOB,
      store,
      deadLetters.map(({ body }) => body),
    );
  };
  const complete = async () => {
    const verdict = await look();
    return verdict.missing.length === 0 && verdict;
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

function logMemory(sandbox: Sandbox, log: (text: string) => void): void {
  if (process.platform !== 'linux') return;
  const all = [...usages(sandbox.state().children)];
  log(`memory: ${all.map(([name, { memory }]) => `${name} ${memory.toFixed(0)} MB`).join(', ')}`);
}
