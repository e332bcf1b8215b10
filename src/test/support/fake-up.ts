/**
 * What other terminals find of a running `up`: its `run.json` and token, and real apps (control API, proxy, puller, sensor
 * host) over a queue, a fleet and a cluster that are made up here. Nothing is started but HTTP servers of this process.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { type Listener, listen } from '../../lib/net/http-server.js';
import { identify } from '../../lib/process/process-id.js';
import { desiredConfigStore } from '../../proxy/desired-config-store.js';
import { createProxy } from '../../proxy/proxy.js';
import { EventHub } from '../../puller/events/event-hub.js';
import { createPullerApp } from '../../puller/puller-app.js';
import type { Queue, QueueDepth } from '../../queue/queue.js';
import type { EndpointChange } from '../../runtime/control-server.js';
import { createControl } from '../../runtime/control-server.js';
import { createSensorHostApp } from '../../sensor-host/host-routes.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import type { Box } from './box.js';
import { FakeCluster } from './fake-cluster.js';
import { FakeFleet } from './fake-fleet.js';
import { noStats, oneUnit } from './one-unit.js';

const TOKEN = 'operator-token';

export interface FakeUpOptions {
  phase?: 'starting' | 'ready';
  nodesPerRegion?: number;
}

/** A queue that takes everything and has nothing. */
const emptyQueue: Queue = {
  name: 'memory://readings',
  send: async (messages) => messages.map((_, i) => ({ ok: true, id: `q-${i}` })),
  receive: async () => [],
  delete: async () => [],
  deadLetter: async () => '',
  depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }),
  deadLetterDepth: async () => undefined,
  close: () => {},
};

export class FakeUp {
  readonly desired = desiredConfigStore();
  readonly hub = new EventHub();
  readonly fleet = new FakeFleet(this.hub, this.desired);
  readonly cluster: FakeCluster;
  /** What the control API was asked for. */
  readonly asked: string[] = [];
  /** What waits in the queue; undefined: it does not answer. */
  depth: QueueDepth | undefined = { visible: 0, inFlight: 0, delayed: 0 };
  endpoints: Record<string, string> = {};
  readonly #listeners: Listener[] = [];
  readonly #closed = new AbortController();
  #store: SqliteStore | undefined;
  #control = '';
  #host = '';
  readonly #options: FakeUpOptions;

  private constructor(
    readonly box: Box,
    options: FakeUpOptions,
  ) {
    this.#options = options;
    this.cluster = new FakeCluster(this.fleet, this.desired, options.nodesPerRegion ?? 1);
  }

  static async start(box: Box, options: FakeUpOptions = {}): Promise<FakeUp> {
    const up = new FakeUp(box, options);
    await up.#serve();
    return up;
  }

  async #serve(): Promise<void> {
    const { hub } = this;
    const depth = async () => {
      if (this.depth === undefined) throw new Error('the queue does not answer');
      return this.depth;
    };
    const queue = { ...emptyQueue, depth };
    const proxy = createProxy({ queue, desired: this.desired, guard: { operatorToken: TOKEN } });
    this.#store = new SqliteStore(join(this.box.stateDir, 'readings.db'));
    const puller = createPullerApp({
      units: oneUnit(hub, {
        queue,
        store: this.#store,
        stats: () => ({ ...noStats, received: 7, deleted: 7 }),
      }),
      bus: hub,
      firing: () => [],
      closed: this.#closed.signal,
      http: { page: new Hono(), token: TOKEN, log: console.error },
    });
    const control = createControl(
      {
        setRegionLink: async (region, connected) => {
          this.cluster.setRegionLink(region, connected);
        },
        setEndpoints: async (change: EndpointChange) => {
          this.asked.push(`endpoints ${JSON.stringify(change)}`);
        },
        stop: () => {
          this.asked.push('stop');
          this.writeState({ alive: false });
        },
      },
      { token: TOKEN },
    );
    const looking = (app: Hono) => async (request: Request, env?: unknown) => {
      const path = new URL(request.url).pathname;
      if (path.startsWith('/fleet')) this.fleet.look();
      return app.fetch(request, env as object);
    };
    const port = async (fetch: (request: Request, env?: unknown) => Response | Promise<Response>, purpose: string) => {
      const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose, flag: '' });
      this.#listeners.push(listener);
      return listener.url;
    };
    this.endpoints = {
      proxy: await port(proxy.app.fetch, 'proxy'),
      puller: await port(looking(puller), 'puller'),
    };
    this.#control = await port(control.fetch, 'control API');
    this.#host = await port(createSensorHostApp(this.cluster, { token: TOKEN }).fetch, 'sensor host');
    writeFileSync(join(this.box.stateDir, 'token'), `${TOKEN}\n`);
    this.writeState();
  }

  /** Writes `run.json`; the state of one that was killed where it is not `alive`. */
  writeState({ alive = true, ...over }: { alive?: boolean; [field: string]: unknown } = {}): void {
    const { phase = 'ready' } = this.#options;
    const own = identify('up', process.pid)!;
    const state = {
      up: alive ? own : { ...own, started: 'long ago' },
      began: 1_767_225_600_000,
      network: 'embedded',
      phase,
      control: this.#control,
      endpoints: this.endpoints,
      facts: { host: this.#host, proxyUrl: this.endpoints.proxy, stateDir: this.box.stateDir },
      settings: {},
      children: [],
      ...over,
    };
    writeFileSync(join(this.box.stateDir, 'run.json'), `${JSON.stringify(state, null, 2)}\n`);
  }

  /** One sensor on every node, as a deployment leaves them. */
  async deploy(flags: string[] = []): Promise<void> {
    for (const region of ['us', 'eu', 'as']) {
      await this.cluster.submit({
        name: `publisher-${region}`,
        region,
        module: 'publisher',
        type: 'daemon',
        args: [...flags, `--submission-time=${Date.now() - 60_000}`],
        mounts: [],
      });
    }
  }

  /** Keeps what was received in the store, too, for clients that ask what came before. */
  keep(deliveries: Parameters<SqliteStore['append']>[0]): void {
    this.#store!.append(deliveries);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all(this.#listeners.map((listener) => listener.close(0)));
    this.#store?.close();
  }
}
