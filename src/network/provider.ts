/**
 * The port of a kind of network: one object a kind, listed in `registry.ts`. A provider plans what `up` starts, opens the
 * running network for commands in any terminal, and removes what an `up` that was killed left behind. What only some kinds
 * can do is an optional member: callers ask for the member, never for the kind.
 */
import { z } from 'zod';
import type { Resolved } from '../config/resolve-settings.js';
import type { SettingKey, Settings } from '../config/settings.js';
import type { ServiceJob } from '../jobs/job-request.js';
import type { PortMoved, PortWish } from '../lib/net/choose-port.js';
import type { Supervisor } from '../lib/process/supervisor.js';
import type { Network, NetworkFact } from './network.js';

/**
 * `Connection`: what another terminal needs to open the network. It is plain JSON without secrets, kept in `run.json` and
 * handed back unread.
 */
export interface NetworkProvider<Connection = unknown> {
  /** The value of `--network`. */
  readonly kind: string;
  readonly capabilities: NetworkCapabilities;
  readonly connectionSchema: z.ZodType<Connection>;
  /**
   * What it needs around it, for `doctor`; nothing is started or written. Throws where the settings contradict each other
   * or are not complete, as `plan` does.
   */
  needs?(settings: Resolved): NetworkNeeds;
  /** Chooses ports and checks settings; nothing is started yet. */
  plan(settings: Resolved, context: PlanContext): Promise<NetworkPlan<Connection>>;
  open(connection: Connection, context: OpenContext): Network;
  /** Removes what an `up` of this state folder left beside its child processes. Safe where this network never ran. */
  cleanUp?(stateDir: string): Promise<Removal>;
  /** Removes data that outlive `down`, outside the state folder. */
  removeData?(stateDir: string): Promise<Removal>;
  /** The proxy or the puller as a service job. */
  serviceJob?(role: ServiceJob['role'], connection: Connection, options: ServiceJobOptions): Promise<PlannedServiceJob>;
  /** The proxy as its relays reach it, where they can run as service jobs on nodes. */
  relayUpstream?(connection: Connection): string;
  /**
   * The command line of a shell with `bacalhau` inside the network; without `command` an interactive one. `tty`: standard
   * input and output are a terminal.
   */
  shell?(connection: Connection, options: { command: string[]; tty: boolean }): { program: string; args: string[] };
  /** Base URL of the sensor host, where this network runs one. */
  sensorHostUrl?(connection: Connection): string;
  /** Writes the network as files that work without this program; resolves with their paths, relative to `folder`. */
  render?(folder: string, options: { nodesPerRegion: number; relays: boolean; postgres: boolean }): Promise<string[]>;
}

export interface NetworkCapabilities {
  /** Edge nodes in each region of a demo: as many as a small machine starts in seconds. Left out: it offers no demo. */
  demoNodes?: number;
  /** It gives each node a sensor token of its own, so that `up` makes a key for them. */
  givesNodesTokens?: true;
  /** Sensors keep running when `up` stops, and the fleet view still expects them. */
  sensorsOutliveUp?: true;
  /** It runs a database server for `--store postgres`. */
  runsPostgres?: true;
  /** Its regions can't be cut from here. */
  noCuts?: true;
  /** Of the settings for some networks only, those that this one follows. */
  follows?: readonly SettingKey[];
  /** Settings of `up` that this network can't follow, and what to do instead. `up` refuses them. */
  unsupported?: { settings: SettingKey[]; hint: string };
}

/** What is left out is not needed. */
export interface NetworkNeeds {
  /** Megabytes of memory for everything that `up` starts. */
  memoryMb: number;
  /** Beside those of the services that run as children of `up`. */
  ports?: PortWish[];
  /** The network runs queue, proxy and puller itself, on {@link ports}. */
  servicesInside?: true;
  bacalhau?: BacalhauNeeds;
  /** Docker with Compose. Rejects with `PROJECT_IN_USE`. */
  requireOwnProject?(stateDir: string): Promise<void>;
}

export interface BacalhauNeeds {
  /** Path of the program. Throws `BACALHAU_NOT_FOUND`. */
  find(): string;
  /** `folder`: for the program's own files. */
  client(folder: string): {
    /** Of the program. Rejects with `BACALHAU_TOO_OLD` and `BACALHAU_HANGS`. */
    clientVersion(): Promise<string>;
    /** Of the orchestrator. Rejects with `BACALHAU_API_UNREACHABLE` … */
    agentVersion(): Promise<string>;
  };
  /** Base URL of the API of a cluster that exists already. */
  clusterUrl?: string;
}

/** What `up` gives to every network. */
export interface PlanContext {
  supervisor: Supervisor;
  /** `.wasm-sensors`, absolute; a network keeps its files in a folder of its own below it. */
  stateDir: string;
  nodesPerRegion: number;
  /** Bearer token for control calls; given to children by environment, never by argument. */
  token: string;
  /** For the network's own services that answer readers, where it was given. */
  viewerToken?: string | undefined;
  /** Environment for sensors' hosts, such as `SENSOR_TOKEN`. */
  sensorEnv: Record<string, string>;
  /** Key ring of the sensor tokens of single nodes; left out where all sensors share one. */
  sensorKey?: string;
  /** File with the private authority of an https proxy. */
  tlsCa?: string;
  /** How services log, where `up` was asked for it. */
  logging?: Partial<Pick<Settings, 'logLevel' | 'logFormat'>>;
  /** `up --registry`: run a registry for images that were built here, where the network can. */
  registry: boolean;
  /** `up --relays`: sensors of a region send to a relay on its side of the link that can be cut. */
  relays: boolean;
  /** Of sensors that send to a relay, where it was given. */
  rateLimit?: number;
  emit(event: NetworkEvent): void;
}

/** A network that is about to run: what `up` starts and stops. */
export interface NetworkPlan<Connection = unknown> {
  /** The network's own queue, proxy and puller; without them `up` runs them as child processes. */
  services?: Services;
  /**
   * Resolves when every node is connected. Rejects with an `AppError` that names what is missing. `proxyUrl`: base URL of
   * the proxy for sensors, the one on this machine or `--proxy-url`. `endpoints`: further addresses to show.
   */
  start(context: { proxyUrl: string }): Promise<{ connection: Connection; endpoints?: Partial<Endpoints> }>;
  /** Links of regions that this process holds; left out where `Network.setRegionLink` needs no `up`. */
  setRegionLink?(region: string, connected: boolean): Promise<void>;
  /** Stops what `start` started, also after a failure half-way. */
  stop(): Promise<void>;
}

export interface OpenContext {
  stateDir: string;
  token: string;
  /** Cuts or restores a region in the `up` that holds its links. */
  setRegionLink(region: string, connected: boolean): Promise<void>;
}

/** Base URLs; what a network does not have is missing. */
export const endpointsSchema = z.object({
  proxy: z.string(),
  puller: z.string(),
  queue: z.string().exactOptional(),
  /** The proxy that runs as a service job, beside the other one. */
  jobProxy: z.string().exactOptional(),
  /** Bacalhau's API and web page. */
  api: z.string().exactOptional(),
  webUi: z.string().exactOptional(),
});
export type Endpoints = z.output<typeof endpointsSchema>;

/** The queue, the proxy and the puller of a network. */
export interface Services {
  endpoints: Endpoints;
  /** Starts all at the same time; resolves when all are ready. */
  start(): Promise<void>;
  /**
   * With a URL the puller here stops, because another one replaces it; with null it runs again, and is ready. Resolves
   * with the URL of the puller in use.
   */
  movePuller(url: string | null): Promise<string>;
  /** In the order in which readings pass, so that what was accepted reaches the queue. */
  stop(): Promise<void>;
}

/** Reported while a network comes up, goes down or changes. */
export type NetworkEvent =
  | { type: 'network.progress'; step: string; done: number; total: number }
  | PortMoved
  | NetworkFact;

export interface Removal {
  /** Names of what was removed. */
  removed: string[];
  /** What could not be removed, each with what holds it. */
  kept: string[];
}

export interface ServiceJobOptions {
  /** Image in a registry that the node reaches; left out: the network's own. */
  image?: string | undefined;
  /** Left out: the queue of the network. */
  queue?: string | undefined;
}

export interface PlannedServiceJob {
  job: ServiceJob;
  /** Where it will answer: a base URL. */
  url: string;
  /** What `deploy publisher --proxy` takes for it. */
  proxyName: string;
}
