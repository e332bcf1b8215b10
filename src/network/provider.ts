/**
 * The other half of a network: what `up` starts and ends. A runner starts the nodes (and whatever links them), says how
 * far it is, and leaves facts from which any other terminal can open the `Network` (`run-state.ts`).
 */

import type { PortMoved } from '../lib/net/take-ports.js';
import type { Supervisor } from '../lib/process/supervisor.js';
import type { Network } from './network.js';

/** Plain JSON from which `openNetwork` makes a `Network` in another process; no secrets. */
export type NetworkFacts = Record<string, unknown>;

/** Base URLs; what a network does not have is missing. */
export interface Endpoints {
  proxy: string;
  puller: string;
  queue?: string;
  /** The proxy that runs as a service job, beside the other one. */
  jobProxy?: string;
  /** Bacalhau's API and web page. */
  api?: string;
  webUi?: string;
}

/** Said while a network comes up, goes down or changes. */
export type NetworkEvent =
  | { type: 'network.progress'; step: string; done: number; total: number }
  | PortMoved
  | { type: 'network.note'; text: string };

/** The queue, the proxy and the puller of a network. */
export interface Services {
  endpoints: Endpoints;
  /** Starts all at the same time; resolves when all are ready. */
  start(): Promise<void>;
  /**
   * With a URL the puller here ends, for another one takes its part; with null it runs again, and is ready. Resolves with
   * the URL of the one that has the part.
   */
  movePuller(url: string | null): Promise<string>;
  /** In the order of a message's way, so that what was accepted reaches the queue. */
  stop(): Promise<void>;
}

export interface RunnerContext {
  supervisor: Supervisor;
  /** `.wasm-sensors`, absolute; a runner keeps its files in a folder of its own below it. */
  stateDir: string;
  nodesPerRegion: number;
  /** Base URL of the proxy on this machine (or what `--proxy-url` says). */
  proxyUrl: string;
  /** Bearer token for control calls; given to children by environment, never by argument. */
  token: string;
  /** Environment for sensors' hosts, such as `SENSOR_TOKEN`. */
  sensorEnv: Record<string, string>;
  /** File with the private authority of an https proxy. */
  tlsCa?: string;
  emit(event: NetworkEvent): void;
}

export interface NetworkRunner {
  /** Starts everything; resolves when every node is connected. Rejects with an `AppError` that names what is missing. */
  start(): Promise<{ network: Network; facts: NetworkFacts; endpoints?: Partial<Endpoints> }>;
  /** Links of regions that this process holds (relays); networks that cut elsewhere leave it out. */
  setRegionLink?(region: string, connected: boolean): Promise<void>;
  /** The sensors are not ours to end: they run on, and the fleet view goes on expecting them. */
  sensorsRunOn?: true;
  /** Ends what `start` started, also after a failure half-way. */
  stop(): Promise<void>;
}
