/**
 * The sensor host: runs thousands of instances of a module in this process, each as a Bacalhau node would run it. Those
 * without Asyncify have a thread each, so that there are tens of them. Modules that are not ours have a process with such a
 * host in it (foreign/foreign-host.ts).
 *
 * ```ts
 * const host = createSensorHost();
 * const module = await loadModule(modulePath('publisher'));
 * const sensor = host.start(module, { args: ['--proxy', url], env: { HOSTNAME: 'edge-us-1' }, region: 'us' });
 * ```
 */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { HostList } from '../lib/net/host-list.js';
import { Guest, type GuestEnvironment } from './guest/guest.js';
import { FileTable, type Mount, StatCache } from './guest/guest-files.js';
import { type HostClock, systemClock } from './guest/host-clock.js';
import type { AnyModule, SensorModule } from './guest/sensor-module.js';
import { ThreadGuest } from './guest/thread-guest.js';
import { createTransport, type HttpTransport } from './guest/transport.js';
import { createImports } from './guest/wasi.js';
import type { GuestExit, RunningGuest } from './guest/wasi-guest.js';
import { guestLimit, reclaimMemory } from './host-capacity.js';
import { RegionLink, type RequestCounts } from './region-link.js';

export interface SensorHostOptions {
  /** For tests: time that does not pass by itself. */
  clock?: HostClock;
  /** How requests are made; by default over undici's pools. */
  transport?: HttpTransport;
  /** For tests: guests at the same time; by default as many as the operating system lets this process hold. */
  maxGuests?: number;
  /** PEM of a private certificate authority that signed the proxy's certificate. */
  ca?: string;
}

export interface GuestSpec {
  /** Flags, without the program's name: a guest sees that empty, as on Bacalhau. */
  args: string[];
  /** The guest's whole environment. */
  env: Record<string, string>;
  /** The link it sends over. */
  region: string;
  mounts?: Mount[];
  /** Where its requests may go; left out: nowhere. */
  allowed?: HostList;
}

/** Called once, when a guest has exited or was stopped. */
export type ExitListener = (exit: GuestExit, lastLine: string) => void;

/** Starts the executions of one job. */
export interface Runner {
  /** As {@link SensorHost.start} does. */
  start(spec: GuestSpec, onExit: ExitListener): Pick<RunningGuest, 'stop'>;
  /** Call before starting many. */
  reclaim(): Promise<void>;
  /** When the job has ended: nothing of it runs any more. */
  close(): void;
}

/**
 * `running`: guests now. `requests`: requests since the start, failed ones included. `results`: how they ended, by region.
 */
export interface HostCounts {
  running: number;
  requests: number;
  results: Record<string, RequestCounts>;
}

export function sumOfCounts(all: HostCounts[]): HostCounts {
  const sum: HostCounts = { running: 0, requests: 0, results: {} };
  for (const { running, requests, results } of all) {
    sum.running += running;
    sum.requests += requests;
    for (const [region, counts] of Object.entries(results)) {
      sum.results[region] ??= {};
      const own = sum.results[region];
      for (const [result, count] of Object.entries(counts)) own[result] = (own[result] ?? 0) + count;
    }
  }
  return sum;
}

export interface SensorHost {
  /**
   * Starts an instance; it runs until it first waits before this returns. Throws `HOST_FULL` when this process can't
   * hold another instance.
   */
  start(module: AnyModule, spec: GuestSpec, onExit?: ExitListener): RunningGuest;
  /** Cuts or restores the link of a region; its guests keep running. */
  setLink(region: string, connected: boolean): void;
  isConnected(region: string): boolean;
  stats(): HostCounts;
  /** Call before starting many: frees the address space of exited guests, if there are many. */
  reclaim(): Promise<void>;
  /** Stops every guest and closes the connections. */
  close(): Promise<void>;
}

/** Exited guests that are left to the garbage collector. */
const RECLAIM_ABOVE = 1000;
const NOWHERE = new HostList([]);

export function createSensorHost(options: SensorHostOptions = {}): SensorHost {
  const { clock = systemClock, ca, maxGuests = guestLimit() } = options;
  const transport = options.transport ?? createTransport({ clock, ...(ca === undefined ? {} : { ca }) });
  const stats = { requests: 0 };
  const statCache = new StatCache(clock);
  const links = new Map<string, RegionLink>();
  const guests = new Map<RunningGuest, ExitListener | undefined>();
  let exitedSinceReclaim = 0;
  let current: Guest;
  const imports = createImports(() => current, clock);
  const environment: GuestEnvironment = {
    clock,
    transport,
    stats,
    setCurrent(guest) {
      current = guest;
    },
    exited(guest, exit) {
      const onExit = guests.get(guest);
      guests.delete(guest);
      exitedSinceReclaim++;
      // Later: the caller of `start` has its result by then, even if the guest exits at once.
      if (onExit) queueMicrotask(() => onExit(exit, guest.lastLine));
    },
  };

  function linkOf(region: string): RegionLink {
    let link = links.get(region);
    if (!link) {
      link = new RegionLink();
      links.set(region, link);
    }
    return link;
  }

  return {
    start(module, { args, env, region, mounts = [], allowed = NOWHERE }, onExit) {
      const link = linkOf(region);
      if ('compiled' in module) {
        const guest = new ThreadGuest(environment, { link, allowed, module: module.compiled, args, env, mounts });
        guests.set(guest, onExit);
        return guest;
      }
      if (guests.size >= maxGuests) throw hostFull(guests.size);
      const instance = instantiate(module, imports, guests.size);
      const guest = new Guest(environment, { link, allowed, files: new FileTable(mounts, statCache), args, env });
      guests.set(guest, onExit);
      guest.start(instance);
      return guest;
    },
    setLink: (region, connected) => linkOf(region).setConnected(connected),
    isConnected: (region) => links.get(region)?.connected ?? true,
    stats: () => ({
      running: guests.size,
      requests: stats.requests,
      results: Object.fromEntries([...links].map(([region, { counts }]) => [region, { ...counts }])),
    }),
    async reclaim() {
      if (exitedSinceReclaim <= RECLAIM_ABOVE) return;
      exitedSinceReclaim = 0;
      await reclaimMemory();
    },
    async close() {
      const all = [...guests.keys()];
      for (const guest of all) guest.stop();
      await Promise.all([transport.close(), ...all.map((guest) => guest.ended?.())]);
    },
  };
}

function instantiate(module: SensorModule, imports: WebAssembly.Imports, running: number): WebAssembly.Instance {
  try {
    return module.instantiate(imports);
  } catch (cause) {
    if (cause instanceof RangeError) throw hostFull(running, cause);
    throw new AppError('MODULE_INVALID', `${module.name} can't be started: ${messageOf(cause)}`, { cause });
  }
}

function hostFull(running: number, cause?: unknown): AppError {
  return new AppError('HOST_FULL', `the sensor host can't hold more than ${running} sensors`, {
    hint: 'Use fewer nodes, or start the sensor host with --disable-wasm-trap-handler (for up to about 28,000 sensors).',
    cause,
  });
}
