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
  ...(['SIGTERM', 'SIGKILL'] as const).map((signal) => ({
    name: `a region is cut off, and its node gets a ${signal} meanwhile`,
    givesUp: true,
    async happen(victim: KeptVictim) {
      const reconnect = await cutEu(victim);
      await victim.machine.kill(victim.host, signal);
      return reconnect;
    },
  })),
];

/** Lets a row happen, and compares the store with the ledger afterwards. */
export async function expectAccounted(victim: KeptVictim, { happen, givesUp = false }: Row): Promise<void> {
  const { sandbox, interval } = victim;
  const before = await sandbox.fleet().snapshot();
  const release = await happen(victim);
  const happened = Date.now();
  await release();
  const after = await eventually('sensors that keep nothing', () => settled(sandbox), SETTLED_MS);
  const { rows } = await sandbox.json<{ rows: { id: string; stored: number }[] }>([
    'query',
    'select execution_id as id, count(*) as stored from readings group by 1',
  ]);
  console.log(
    JSON.stringify(
      after.sensors.map(
        ({ execution_id: e, state, hostname: h, sequence, received, restarts, gaps, waiting, unaccounted }) => ({
          e: e.slice(0, 12),
          h,
          state,
          sequence,
          received,
          restarts,
          gaps,
          waiting,
          unaccounted,
        }),
      ),
    ),
    JSON.stringify(rows),
  );
  for (const { execution_id: id, received, state } of after.sensors) {
    const stored = rows.find((row) => row.id === id)?.stored ?? 0;
    // Those that send have gone on.
    expect({
      id,
      received,
      stored,
      isStored: state === 'live' ? stored >= received : stored === received,
    }).toMatchObject({ isStored: true });
  }
  const given = lostOf(after) - lostOf(before);
  const eu = before.sensors.find(({ region, state }) => region === 'eu' && state === 'live')!;
  console.log({ given, since: happened - eu.last_seen });
  if (!givesUp) expect(given).toBe(0);
  else {
    expect(given).toBeGreaterThanOrEqual(KEPT);
    expect(given).toBeLessThanOrEqual((happened - eu.last_seen) / (1000 * interval) + 6);
  }
}

const lostOf = ({ summary: { total } }: FleetSnapshot): number => total.gaps + total.unaccounted;

/** Three sensors send, and none keeps anything. */
async function settled(sandbox: Sandbox): Promise<FleetSnapshot | false> {
  const snapshot = await sandbox.fleet().snapshot();
  const { live, silent, waiting } = snapshot.summary.total;
  return live === 3 && silent === 0 && waiting === 0 && snapshot;
}
