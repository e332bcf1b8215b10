/**
 * The other half of a network: what `up` starts and ends. A runner starts the nodes (and whatever links them), says how
 * far it is, and leaves facts from which any other terminal can open the `Network` (`run-state.ts`).
 */
import type { Supervisor } from '../lib/process/supervisor.js';
import type { Endpoints, NetworkFacts } from '../runtime/run-state.js';
import type { Network } from './network.js';

/** Said while a network comes up, goes down or changes. */
export type NetworkEvent =
  | { type: 'network.progress'; step: string; done: number; total: number }
  | { type: 'network.port-moved'; purpose: string; wanted: number; port: number }
  | { type: 'network.note'; text: string };

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
