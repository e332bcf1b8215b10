/**
 * The sensor host: runs thousands of instances of a module in this process, each as a Bacalhau node would run it. Those
 * without Asyncify have a thread each, so that there are tens of them. Modules that are not ours have a process with such a
 * host in it (foreign/foreign-host.ts).
 *
 * ```ts
 * const host = new SensorHost();
 * const module = await loadModule(modulePath('publisher'));
 * const sensor = host.start(module, { args: ['--proxy', url], env: { HOSTNAME: 'edge-us-1' }, region: 'us' });
 * ```
 */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { HostList } from '../lib/net/host-list.js';
import { Delivery } from './guest/delivery.js';
import { FileWatch } from './guest/file-watch.js';
import { Guest, type GuestEnvironment } from './guest/guest.js';
import { FileTable, StatCache } from './guest/guest-files.js';
import { type HostClock, systemClock } from './guest/host-clock.js';
import { sendTogether } from './guest/send-together.js';
import type { AnyModule, SensorModule } from './guest/sensor-module.js';
import { ThreadGuest } from './guest/thread-guest.js';
import { createTransport, type HttpTransport } from './guest/transport.js';
import { createImports } from './guest/wasi.js';
import type { GuestExit, RunningGuest } from './guest/wasi-guest.js';
import { guestLimit, reclaimMemory } from './host-capacity.js';
import type { Mount } from './host-schemas.js';
import { RegionLink, type RequestCounts } from './region-link.js';

export interface SensorHostOptions {
  /** For tests: time that does not pass by itself. */
  clock?: HostClock;
  /** How requests are made; by default over undici's pools. */
  transport?: HttpTransport;
  /** For tests: guests at the same time; by default as many as the operating system lets this process hold. */
  maxGuests?: number;
  /** PEM of a private certificate authority that signed the proxy's certificate. */
  ca?: string | undefined;
}

export interface GuestSpec {
  /** Flags, without the program's name: a guest sees that empty, as on Bacalhau. */
  args: string[];
  env: Record<string, string>;
  region: string;
  mounts?: Mount[];
  /** Where its requests may go; left out: nowhere. */
  allowed?: HostList;
}

/** Called once, when a guest has exited or was stopped. `lastLine`: of its output, complete or not; '' when there is none. */
export type ExitListener = (exit: GuestExit, lastLine: string) => void;

/** What a job needs of its guests. */
export type JobGuest = Pick<RunningGuest, 'stop' | 'retire' | 'delivery'>;

/** Starts the executions of one job. */
export interface Runner {
  /** As {@link SensorHost.start} does. */
  start(spec: GuestSpec, onExit: ExitListener): JobGuest;
  /** When the job has ended: nothing of it runs any more. */
  close(): void;
}

/** `running`: guests now. `results`: how requests have ended since the start, by region. */
export interface HostCounts {
  running: number;
  results: Record<string, RequestCounts>;
}

export function sumOfCounts(all: HostCounts[]): HostCounts {
  const sum: HostCounts = { running: 0, results: {} };
  for (const { running, results } of all) {
    sum.running += running;
    for (const [region, counts] of Object.entries(results)) {
      sum.results[region] ??= {};
      const own = sum.results[region];
      for (const [result, count] of Object.entries(counts)) own[result] = (own[result] ?? 0) + count;
    }
  }
  return sum;
}

/** Exited guests that are left to the garbage collector. */
const RECLAIM_ABOVE = 1000;
const NOWHERE = new HostList([]);

export class SensorHost {
  readonly #transport: HttpTransport;
  readonly #maxGuests: number;
  readonly #statCache: StatCache;
  readonly #imports: WebAssembly.Imports;
  readonly #environment: GuestEnvironment;
  readonly #links = new Map<string, RegionLink>();
  readonly #guests = new Map<RunningGuest, ExitListener | undefined>();
  readonly #watch: FileWatch;
  #exitedSinceReclaim = 0;

  constructor({ clock = systemClock, transport, maxGuests = guestLimit(), ca }: SensorHostOptions = {}) {
    this.#transport = transport ?? sendTogether(createTransport(clock, ca), clock);
    this.#maxGuests = maxGuests;
    this.#statCache = new StatCache(clock);
    this.#watch = new FileWatch(clock);
    let current: Guest;
    this.#imports = createImports(() => current, clock);
    this.#environment = {
      clock,
      setCurrent(guest) {
        current = guest;
      },
      exited: (guest, exit) => {
        const onExit = this.#guests.get(guest);
        this.#guests.delete(guest);
        if (guest instanceof Guest) this.#watch.remove(guest);
        this.#exitedSinceReclaim++;
        // Later: the caller of `start` has its result by then, even if the guest exits at once.
        if (onExit) queueMicrotask(() => onExit(exit, guest.lastLines.at(-1) ?? ''));
      },
    };
  }

  /**
   * Starts an instance; it runs until it first waits before this returns. Throws `HOST_FULL` when this process can't
   * hold another instance.
   */
  start(module: AnyModule, spec: GuestSpec, onExit?: ExitListener): RunningGuest {
    const { args, env, region, mounts = [], allowed = NOWHERE } = spec;
    const delivery = new Delivery(this.#linkOf(region), allowed, this.#environment.clock);
    if ('compiled' in module) {
      const guest = new ThreadGuest(this.#environment, delivery, { module: module.compiled, args, env, mounts });
      this.#guests.set(guest, onExit);
      return guest;
    }
    if (this.#guests.size >= this.#maxGuests) throw hostFull(this.#guests.size);
    const instance = instantiate(module, this.#imports, this.#guests.size);
    const guest = new Guest(this.#environment, delivery, { files: new FileTable(mounts, this.#statCache), args, env });
    this.#guests.set(guest, onExit);
    guest.start(instance, this.#watch.add(guest, mounts));
    return guest;
  }

  /** Cuts or restores the link of a region; its guests keep running. See {@link RegionLink.setConnected}. */
  setLink(region: string, connected: boolean, onSite?: string): void {
    this.#linkOf(region).setConnected(connected, onSite);
  }

  isConnected(region: string): boolean {
    return this.#links.get(region)?.connected ?? true;
  }

  stats(): HostCounts {
    const results = [...this.#links].map(([region, { counts }]): [string, RequestCounts] => [region, { ...counts }]);
    return { running: this.#guests.size, results: Object.fromEntries(results) };
  }

  /** Call before starting many: frees the address space of exited guests, if there are many. */
  async reclaim(): Promise<void> {
    if (this.#exitedSinceReclaim <= RECLAIM_ABOVE) return;
    this.#exitedSinceReclaim = 0;
    await reclaimMemory();
  }

  async close(): Promise<void> {
    const all = [...this.#guests.keys()];
    for (const guest of all) guest.stop();
    this.#watch.close();
    await Promise.all([this.#transport.close(), ...all.map((guest) => guest.ended?.())]);
  }

  #linkOf(region: string): RegionLink {
    let link = this.#links.get(region);
    if (!link) {
      link = new RegionLink(this.#transport);
      this.#links.set(region, link);
    }
    return link;
  }
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
    hint: 'Use fewer nodes, or start the sensor host with --disable-wasm-trap-handler.',
    cause,
  });
}
