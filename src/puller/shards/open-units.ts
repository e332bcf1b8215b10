/** The units of a puller: one, where its store is its own, or one for each shard of a shared store that it holds. */

import { AppError } from '../../lib/errors/app-error.js';
import type { Queue } from '../../queue/queue.js';
import { isPostgres } from '../../store/location.js';
import type { SharedPostgres } from '../../store/postgres/shared-postgres.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import type { ReadingsStore, Retention } from '../../store/store.js';
import { type EndedNetwork, takeEndedNetwork } from '../ended-network.js';
import { FailureReporter } from '../failure-reporter.js';
import { openUnit, type UnitOptions } from './open-unit.js';
import { ShardHolder } from './shard-holder.js';
import type { Units } from './units.js';

export interface StoreOptions {
  /** A file, or the URL of a database. */
  path: string;
  retentionMs: Retention;
  /** File of `takeEndedNetwork`. */
  endedNetwork?: string | undefined;
}

export interface UnitsOptions extends Pick<UnitOptions, 'pollers' | 'bus' | 'log' | 'onClockStep' | 'onEvent'> {
  /** Of all shards. */
  queues: Queue[];
  openUnsharded?: (() => Promise<Queue>) | undefined;
  /** Without one readings are only shown. */
  store: StoreOptions | undefined;
}

export interface RunningUnits extends Units {
  /** `url`: of our HTTP API, for other pullers. */
  start(url: string): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects as stores do when they are opened, and with `STORE_SHARDS`. */
export async function openUnits({ queues, openUnsharded, store, ...options }: UnitsOptions): Promise<RunningUnits> {
  const pollers = Math.ceil(options.pollers / queues.length);
  let ended: EndedNetwork | undefined;
  const open = (shard: number, opened: ReadingsStore | undefined) =>
    openUnit({
      ...options,
      pollers,
      shard,
      shards: queues.length,
      queue: queues[shard]!,
      unsharded: shard === 0 && openUnsharded ? { open: openUnsharded, queues } : undefined,
      // Where alerts are raised.
      onClockStep: shard === 0 ? options.onClockStep : () => {},
      onEvent: queues.length === 1 ? options.onEvent : (event) => options.onEvent({ ...event, shard }),
      store: opened && store && { opened, retention: store.retentionMs, ended },
    });
  /** What ended before we began is said to the units that we begin with. */
  const sayEnded = <T>(begin: () => Promise<T>): Promise<T> =>
    takeEndedNetwork(store?.endedNetwork, async (found) => {
      ended = found;
      const begun = await begin();
      ended = undefined;
      return begun;
    });

  const shared = store && (await openShared(store.path, queues.length));
  if (shared) {
    const failures = new FailureReporter(options.onEvent);
    const holder = new ShardHolder({ store: shared, openUnit: open, failures });
    return {
      shards: holder.shards,
      store: shared,
      secret: shared.secret,
      past: (shard) => shared.past(shard),
      held: () => holder.held(),
      peers: () => holder.peers(),
      start: (url) => sayEnded(() => holder.start(url)),
      stop: () => holder.stop(),
    };
  }
  const opened = store && new SqliteStore(store.path, options.onEvent);
  const units = await sayEnded(() => Promise.all(queues.map((_, shard) => open(shard, opened))));
  return {
    shards: units.length,
    store: opened,
    past: () => opened,
    held: () => units,
    peers: () => [],
    async start() {
      for (const unit of units) unit.start();
    },
    stop: async () => void (await Promise.all(units.map((unit) => unit.stop()))),
  };
}

/** A database, which pullers share; undefined: a file, which is one puller's as a whole. */
async function openShared(path: string, shards: number): Promise<SharedPostgres | undefined> {
  if (isPostgres(path)) {
    // Loaded late: few need the client.
    const { SharedPostgres } = await import('../../store/postgres/shared-postgres.js');
    return SharedPostgres.open(path, shards);
  }
  if (shards === 1) return undefined;
  throw new AppError('STORE_SHARDS', `a file is one store, not ${shards} shards`, {
    hint: 'Shards need a database of PostgreSQL: --store postgres://…',
  });
}
