/**
 * The sensor host: runs thousands of instances of a module in this process, each as a Bacalhau node would run it.
 *
 * ```ts
 * const host = createSensorHost();
 * const module = await loadModule(modulePath('publisher'));
 * const sensor = host.start(module, { args: ['--proxy', url], env: { HOSTNAME: 'edge-us-1' }, region: 'us' });
 * ```
 */
import { AppError } from '../lib/errors/app-error.js';
import { Guest, type GuestEnd } from './guest.js';
import { type HostClock, systemClock } from './guest-clock.js';
import { FileTable, type Mount, StatCache } from './guest-files.js';
import { RegionLink } from './host-link.js';
import { guestLimit, reclaimMemory } from './reclaim-memory.js';
import type { SensorModule } from './sensor-module.js';
import { createTransport, type HttpTransport } from './transport.js';
import { createImports } from './wasi.js';

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
}

/** A running or ended guest. */
export interface RunningGuest {
  /** How it ended; undefined while it runs. */
  readonly end: GuestEnd | undefined;
  /** The last lines it wrote on stdout and stderr. */
  readonly lastLines: readonly string[];
  /** Ends it at once: nothing is sent after this call. */
  stop(): void;
}

export interface SensorHost {
  /**
   * Starts an instance; it runs until it first waits before this returns. `onEnd` is called once, when it has ended by
   * itself or was stopped. Throws `HOST_FULL` when this process can't hold another instance.
   */
  start(module: SensorModule, spec: GuestSpec, onEnd?: (end: GuestEnd, lastLine: string) => void): RunningGuest;
  /** Cuts or restores the link of a region; its guests run on. */
  setLink(region: string, connected: boolean): void;
  isConnected(region: string): boolean;
  /** `running`: guests now. `requests`: requests since the start, refused ones included. */
  stats(): { running: number; requests: number };
  /** Call before starting many: gives back the address space of guests that have ended, if there were many. */
  reclaim(): Promise<void>;
  /** Stops every guest and closes the connections. */
  close(): Promise<void>;
}

/** Ended guests that are left to the garbage collector. */
const RECLAIM_ABOVE = 1000;

export function createSensorHost(options: SensorHostOptions = {}): SensorHost {
  const clock = options.clock ?? systemClock;
  const transport =
    options.transport ?? createTransport({ clock, ...(options.ca === undefined ? {} : { ca: options.ca }) });
  const stats = { requests: 0 };
  const statCache = new StatCache(clock);
  const links = new Map<string, RegionLink>();
  const guests = new Map<Guest, ((end: GuestEnd, lastLine: string) => void) | undefined>();
  const maxGuests = options.maxGuests ?? guestLimit();
  let endedSinceReclaim = 0;
  let current: Guest;
  const imports = createImports(() => current, clock);
  const world = {
    clock,
    transport,
    stats,
    setCurrent(guest: Guest) {
      current = guest;
    },
    ended(guest: Guest, end: GuestEnd) {
      const onEnd = guests.get(guest);
      guests.delete(guest);
      endedSinceReclaim++;
      // Later, so that a guest that ends while it starts is known to its starter by then.
      if (onEnd) queueMicrotask(() => onEnd(end, guest.output.last));
    },
  };

  function linkOf(region: string): RegionLink {
    let link = links.get(region);
    if (!link) links.set(region, (link = new RegionLink()));
    return link;
  }

  return {
    start(module, spec, onEnd) {
      if (guests.size >= maxGuests) throw hostFull(guests.size);
      const instance = instantiate(module, imports, guests.size);
      const guest = new Guest(world, linkOf(spec.region), new FileTable(spec.mounts ?? [], statCache), spec);
      guests.set(guest, onEnd);
      guest.start(instance);
      return {
        get end() {
          return guest.end;
        },
        get lastLines() {
          return guest.output.lines;
        },
        stop: () => guest.stop(),
      };
    },
    setLink: (region, connected) => linkOf(region).setConnected(connected),
    isConnected: (region) => links.get(region)?.connected ?? true,
    stats: () => ({ running: guests.size, requests: stats.requests }),
    async reclaim() {
      if (endedSinceReclaim <= RECLAIM_ABOVE) return;
      endedSinceReclaim = 0;
      await reclaimMemory();
    },
    async close() {
      for (const guest of [...guests.keys()]) guest.stop();
      await transport.close();
    },
  };
}

function instantiate(module: SensorModule, imports: WebAssembly.Imports, running: number): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module.compiled, imports);
  } catch (cause) {
    if (cause instanceof RangeError) throw hostFull(running, cause);
    throw new AppError('MODULE_INVALID', 'user', `${module.name} can't be started: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function hostFull(running: number, cause?: unknown): AppError {
  return new AppError('HOST_FULL', 'system', `this process can't hold more than ${running} sensors`, {
    hint: 'Use fewer nodes, or start the sensor host with --disable-wasm-trap-handler (at most some 28,000 sensors).',
    cause,
  });
}
