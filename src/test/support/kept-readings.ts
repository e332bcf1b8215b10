/**
 * What becomes of readings that sensors keep when something happens to them, a row each: every one of them is stored, or
 * the ledger has the number of those that are not.
 */
import { expect } from 'vitest';
import type { FleetSnapshot } from '../../puller/puller-app.js';
import type { Machine } from '../torture/machine/machine.js';
import { eventually, type Sandbox } from './cli-harness.js';

export interface KeptVictim {
  sandbox: Sandbox;
  machine: Machine;
  /** Name of the program that runs the sensors of region eu. */
  host: string;
  /** Seconds between readings. */
  interval: number;
  /** Whether its sites have relays. */
  relays?: boolean;
}

interface Row {
  name: string;
  /** Resolves when readings are kept, and something has happened to them; what it returns lets them go. */
  happen(victim: KeptVictim): Promise<() => Promise<unknown>>;
  /** Whether what its sensors keep is given up, so that the ledger must have it. */
  givesUp?: boolean;
}

/** More readings than any delay explains. */
const KEPT = 10;
const SETTLED_MS = 60_000;
/** Readings that are under way, and those of other regions whose node is the same program. */
const SLACK = 6;
/** A sensor sends again after 2.5 s at most. */
const HEARD_MS = 4_000;

const kept = (sandbox: Sandbox) =>
  eventually('readings that are kept', async () => (await sandbox.fleet().summary()).total.waiting >= KEPT);

async function cutEu({ sandbox }: KeptVictim): Promise<() => Promise<unknown>> {
  await sandbox.json(['region', 'disconnect', 'eu']);
  await kept(sandbox);
  // What does it may be starting.
  return () => eventually('eu reconnected', () => sandbox.json(['region', 'reconnect', 'eu']), SETTLED_MS);
}

const deploy = ({ sandbox, interval }: KeptVictim) =>
  sandbox.json(['deploy', 'publisher', '--interval', String(interval), '--color', '#00ff88']);

export const KEPT_READINGS: Row[] = [
  {
    name: 'a region is cut off, and a newer version is deployed meanwhile',
    async happen(victim) {
      const reconnect = await cutEu(victim);
      await deploy(victim);
      return reconnect;
    },
  },
  {
    name: 'the queue is away, and a newer version is deployed meanwhile',
    async happen(victim) {
      const back = victim.machine.freeze('queue', 8);
      await kept(victim.sandbox);
      const deployed = deploy(victim);
      return () => Promise.all([back, deployed]);
    },
  },
  {
    name: 'a region is cut off, and its node is killed meanwhile',
    givesUp: true,
    async happen(victim) {
      const reconnect = await cutEu(victim);
      await victim.machine.kill(victim.host);
      return reconnect;
    },
  },
];

/** Lets a row happen, and compares the store with the ledger afterwards. */
export async function expectAccounted(victim: KeptVictim, { happen, givesUp = false }: Row): Promise<void> {
  const { sandbox, interval, relays = false } = victim;
  const before = await sandbox.fleet().snapshot();
  const release = await happen(victim);
  await release();
  // Of a node that was killed the bound ends when the one that replaced it is heard.
  const released = Date.now();
  const settled = async () => {
    const snapshot = await sandbox.fleet().snapshot();
    // What the relay has comes after what is new, and until then nobody knows of it.
    const isGivenUp = givesUp && relays && lostOf(snapshot) - lostOf(before) > SLACK;
    return !isGivenUp && isSettled(snapshot, before, givesUp) && snapshot;
  };
  const after = await eventually('new sensors, and nothing that is kept', settled, SETTLED_MS).catch(async (error) => {
    throw new Error(`${error}: ${JSON.stringify((await sandbox.fleet().snapshot()).sensors)}`);
  });
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
  const given = lostOf(after) - lostOf(before);
  const eu = before.sensors.find(({ region, state }) => region === 'eu' && state === 'live');
  const most = (released + HEARD_MS - (eu?.last_seen ?? 0)) / (1000 * interval) + SLACK;
  if (!givesUp) expect(given).toBe(0);
  else if (!relays) expect({ given, most, isSo: given >= KEPT && given <= most }).toMatchObject({ isSo: true });
}

const lostOf = ({ summary: { total } }: FleetSnapshot): number => total.gaps + total.unaccounted;
/** The execution and the number of its runs of each sensor that sends. */
const runsOf = ({ sensors }: FleetSnapshot) =>
  sensors.filter(({ state }) => state === 'live').map(({ execution_id: id, restarts }) => `${id} ${restarts}`);

/** Three sensors send, of which that of region eu is another one than before, and none keeps anything. */
function isSettled(now: FleetSnapshot, before: FleetSnapshot, givesUp: boolean): boolean {
  const { live, silent, waiting } = now.summary.total;
  const runs = runsOf(before);
  const isNew = runsOf(now).filter((run) => !runs.includes(run)).length >= (givesUp ? 1 : 3);
  return live === 3 && silent === 0 && waiting === 0 && isNew;
}
