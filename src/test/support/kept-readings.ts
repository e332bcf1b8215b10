/**
 * What becomes of readings that sensors keep when something happens to them, a row each: every one of them is stored, or
 * `status` has the number of those that are not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { FleetSnapshot } from '../../puller/puller-app.js';
import type { Machine } from '../torture/machine/machine.js';
import { eventually, type Sandbox } from './cli-harness.js';

export interface KeptVictim {
  sandbox: Sandbox;
  machine: Machine;
  /** Name of the program that runs the sensor of a region: of the embedded network, one for all. */
  hostOf(region: string): string;
  /** Seconds between readings. */
  interval: number;
  /** Whether its sites have relays, which keep what sensors give up. */
  relays: boolean;
}

interface Happened {
  /** Lets what is kept go. */
  release(): Promise<unknown>;
  /** When sensors ended with what they keep; Unix milliseconds. */
  endedAt?: number;
}

export interface Row {
  name: string;
  /** Resolves when readings are kept, and something has happened to them. */
  happen(victim: KeptVictim): Promise<Happened>;
  /** Regions whose sensors end with what they keep; a newer version replaces those of the other rows. */
  ends?: (victim: KeptVictim) => string[];
}

/** More readings than any delay explains. */
const KEPT = 10;
const REGIONS = ['us', 'eu', 'as'];
const SETTLED_MS = 90_000;
/** How long the queue is away. */
const AWAY_S = 8;
/** Readings of a sensor that are under way, or that a starting node takes. */
const SLACK = 4;

const kept = (sandbox: Sandbox) =>
  eventually('readings that are kept', async () => (await sandbox.fleet().summary()).total.waiting >= KEPT);

/** What does it may be starting. */
const reconnectEu = (sandbox: Sandbox) =>
  eventually('eu reconnected', () => sandbox.json(['region', 'reconnect', 'eu']), SETTLED_MS);

const deploy = ({ sandbox, interval }: KeptVictim) =>
  sandbox.json(['deploy', 'publisher', '--interval', String(interval), '--color', '#00ff88']);

export const QUEUE_AWAY: Row = {
  name: 'the queue is away, and a newer version is deployed meanwhile',
  async happen(victim) {
    const back = victim.machine.freeze('queue', AWAY_S);
    await kept(victim.sandbox);
    const deployed = deploy(victim);
    return { release: () => Promise.all([back, deployed]) };
  },
};

/** Nodes end while readings are kept. */
export const NODES_ENDED: Row = {
  name: 'all at once: the queue is away, a region is cut off and its node killed, and that of another is restarted',
  ends: ({ hostOf }) => (hostOf('us') === hostOf('eu') ? REGIONS : ['us', 'eu']),
  async happen({ sandbox, machine, hostOf }) {
    const back = machine.freeze('queue', AWAY_S);
    await sandbox.json(['region', 'disconnect', 'eu']);
    await sleep((AWAY_S * 1000) / 2);
    await kept(sandbox);
    const endedAt = Date.now();
    const restarts = hostOf('us') === hostOf('eu') ? [] : [machine.kill(hostOf('us'), 'SIGTERM')];
    await Promise.all([machine.kill(hostOf('eu')), ...restarts]);
    return { endedAt, release: () => back.then(() => reconnectEu(sandbox)) };
  },
};

/** The program that runs the sensor of a region. */
export const hostOf =
  (network: 'embedded' | 'native' | 'compose') =>
  (region: string): string =>
    network === 'embedded' ? 'sensors' : `edge-${region}-1`;

/** Lets a row happen; then every reading is stored or given up, and the fleet view says so of each region. */
export async function expectAccounted(victim: KeptVictim, { happen, ends = () => [] }: Row): Promise<void> {
  const { sandbox, interval, relays } = victim;
  const ended = ends(victim);
  const before = await sandbox.fleet().snapshot();
  const { release, endedAt } = await happen(victim);
  await release();
  const settled = async () => {
    const snapshot = await sandbox.fleet().snapshot();
    if (isSettled(snapshot, before, ended.length > 0 ? ended : REGIONS)) return snapshot;
    throw new Error(snapshot.sensors.map((one) => `${one.region} ${one.state} waiting ${one.waiting}`).join());
  };
  const after = await eventually('new sensors, and nothing that is kept', settled, SETTLED_MS);
  const { rows } = await sandbox.json<{ rows: { id: string; stored: number }[] }>([
    'query',
    'select execution_id as id, count(*) as stored from readings group by 1',
  ]);
  for (const { execution_id: id, received, state } of after.sensors) {
    const stored = rows.find((row) => row.id === id)?.stored ?? 0;
    // Those that send have gone on.
    const isStored = state === 'live' ? stored >= received : stored === received;
    expect({ id, received, stored, isStored }).toMatchObject({ isStored: true });
  }
  const newest = endedAt === undefined ? [] : await newestBefore(sandbox, endedAt);
  for (const region of REGIONS) {
    const given = lostOf(after, region) - lostOf(before, region);
    if (endedAt === undefined || !ended.includes(region)) {
      expect({ region, given }).toEqual({ region, given: 0 });
      continue;
    }
    const last = newest.find((one) => one.region === region)?.taken ?? 0;
    const readingsUntil = (time: number) => (time - last) / (1000 * interval);
    // What the sensor had taken when it ended, and what it may have taken until another one took its place.
    const [least, most] = [readingsUntil(endedAt), readingsUntil(after.summary.time)];
    const isRight = given >= least - SLACK && given <= most + SLACK;
    // What a relay has is stored: the queue was away before that.
    const isStored = !relays || least * interval < AWAY_S / 2 - 1;
    expect({ region, given, least, most, isRight, isStored }).toMatchObject({ isRight: true, isStored: true });
  }
}

/** When the newest stored reading from before a time was taken, by region; Unix milliseconds. */
async function newestBefore(sandbox: Sandbox, time: number): Promise<{ region: string; taken: number }[]> {
  const sql = `select region, max(taken_at) as taken from readings where taken_at <= ${time} group by 1`;
  return (await sandbox.json<{ rows: { region: string; taken: number }[] }>(['query', sql])).rows;
}

const regionOf = ({ summary }: FleetSnapshot, name: string) => summary.regions.find(({ region }) => region === name);
function lostOf(snapshot: FleetSnapshot, name: string): number {
  const { gaps = 0, unaccounted = 0 } = regionOf(snapshot, name) ?? {};
  return gaps + unaccounted;
}

/** The execution and the number of its runs of each sensor that sends. */
const runsOf = ({ sensors }: FleetSnapshot) =>
  sensors.flatMap(({ state, region, execution_id: id, restarts }) =>
    state === 'live' ? [{ region, run: `${id} ${restarts}` }] : [],
  );

/** Three sensors send, other ones than before in some regions, and none keeps anything. */
function isSettled(now: FleetSnapshot, before: FleetSnapshot, changed: string[]): boolean {
  const { live, silent, waiting } = now.summary.total;
  const old = runsOf(before).map(({ run }) => run);
  const news = runsOf(now).flatMap(({ region, run }) => (old.includes(run) ? [] : [region]));
  return live === 3 && silent === 0 && waiting === 0 && changed.every((region) => news.includes(region));
}
