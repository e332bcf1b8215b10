/** What every fault has, and what it happens to. */
import { basename } from 'node:path';
import { eventually, type Sandbox } from '../../support/cli-harness.js';
import type { FakeClock } from '../../support/faketime.js';
import type { SmallDisk } from '../../support/small-disk.js';
import type { History } from '../checker.js';
import type { Link } from '../link.js';
import type { TortureDatabase } from '../machine/database.js';
import { HEALED_MS, type Machine } from '../machine/machine.js';
import type { Random } from '../random.js';

/** What not every machine has. */
export interface Tools {
  clock: FakeClock;
  /** With the state folder. */
  disk: SmallDisk;
  /** With the store, which more than one puller shares. */
  database: TortureDatabase;
}

export interface Victim {
  sandbox: Sandbox;
  machine: Machine;
  link: Link;
  tools: Partial<Tools>;
  history: History;
  /** Starts `up` again after it was killed or stopped; what it deployed before is gone. */
  start(deploy: boolean): Promise<void>;
}

export interface Fault {
  text: string;
  /** What no other fault may touch meanwhile; undefined: anything. */
  target: string | undefined;
  /** Resolves when it is over and healed. */
  happen(): Promise<void>;
}

export interface FaultKind {
  needs?: keyof Tools;
  /** Takes its numbers from `random` at once, so that the next fault's do not depend on when this one happens. */
  draw(victim: Victim, random: Random): Fault;
}

export const REGIONS = ['us', 'eu', 'as'];
const SERVICES = ['queue', 'proxy', 'puller'] as const;

/** Time in which a program finds that a file was deleted, writes it back and closes the old one. */
const CLOSED_MS = 5000;

/** Deleted files that stay open although everything is up and the puller says that it is ready; call it when no fault happens. */
export async function filesLeftOpen({ sandbox, machine }: Victim): Promise<string[]> {
  const ready = async () => (await fetch(`${sandbox.state().endpoints.puller}/ready`)).ok;
  await eventually('a ready puller', ready, HEALED_MS);
  let left = await machine.deletedFiles();
  const closed = async () => {
    const now = new Set((await machine.deletedFiles()).map(({ id }) => id));
    left = left.filter(({ id }) => now.has(id));
    return left.length === 0;
  };
  await eventually('no deleted file that is open', closed, CLOSED_MS).catch(() => {});
  return [...new Set(left.map(({ name, path }) => `${name} has ${basename(path)} open, which is deleted`))];
}

/** Resolves when every service answers. */
export async function untilHealthy(sandbox: Sandbox): Promise<void> {
  for (const service of SERVICES) {
    const healthy = async () =>
      (await fetch(`${sandbox.state().endpoints[service]}/health`, { signal: AbortSignal.timeout(2000) })).ok;
    await eventually(`a healthy ${service}`, healthy, HEALED_MS);
  }
}
