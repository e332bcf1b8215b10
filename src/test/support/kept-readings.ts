/**
 * What becomes of readings that sensors keep when something happens to them, a row each: every one of them is
 * stored, and the ledger says so.
 */
import { expect } from 'vitest';
import type { FleetSnapshot } from '../../puller/puller-app.js';
import type { Machine } from '../torture/machine/machine.js';
import { eventually, type Sandbox } from './cli-harness.js';

export interface KeptVictim {
  sandbox: Sandbox;
  machine: Machine;
  /** Seconds between readings. */
  interval: number;
}

interface Row {
  name: string;
  /** Resolves when readings are kept, and something has happened to them; what it returns lets them go. */
  happen(victim: KeptVictim): Promise<() => Promise<unknown>>;
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
];

/** Lets a row happen; then every reading is stored, and the accounts of the fleet view are those of the store. */
export async function expectAccounted(victim: KeptVictim, { happen }: Row): Promise<void> {
  const { sandbox } = victim;
  const before = await sandbox.fleet().snapshot();
  const release = await happen(victim);
  await release();
  const settled = async () => {
    const snapshot = await sandbox.fleet().snapshot();
    return isSettled(snapshot, before) && snapshot;
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
  expect(lostOf(after) - lostOf(before)).toBe(0);
}

const lostOf = ({ summary: { total } }: FleetSnapshot): number => total.gaps + total.unaccounted;
const liveOf = ({ sensors }: FleetSnapshot) =>
  sensors.filter(({ state }) => state === 'live').map(({ execution_id: id }) => id);

/** Three other sensors than before send, and none keeps anything. */
function isSettled(now: FleetSnapshot, before: FleetSnapshot): boolean {
  const { live, silent, waiting } = now.summary.total;
  const isNew = !liveOf(now).some((id) => liveOf(before).includes(id));
  return live === 3 && silent === 0 && waiting === 0 && isNew;
}
