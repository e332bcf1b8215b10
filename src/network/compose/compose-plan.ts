/** Everything about a compose network that is decided before it starts. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/fs/durable-files.js';
import { QUEUE_NAME } from '../../queue/queue.js';
import type { PlanContext } from '../provider.js';
import type { ComposePorts, PortName, PortOptions } from './compose-ports.js';
import type { ComposeCall, Project } from './compose-project.js';

export interface ComposeSettings {
  /** Where `.env` is. */
  folder: string;
  ports: PortOptions['wishes'];
  /** An existing queue (URL or name); left out, the network runs its own. */
  queue?: string;
  queueEndpoint?: string;
  awsRegion?: string;
  /** Where alerts go; a URL that often is a secret. */
  webhook?: string;
  /** Further names under which requests may reach proxy and puller. */
  allowedHosts: string[];
  proxyArgs: string[];
  pullerArgs: string[];
}

export interface ComposePlan {
  project: Project;
  context: PlanContext;
  settings: ComposeSettings;
  ports: ComposePorts;
  bacalhauVersion: string;
  image: string;
  /** The image was named, and is not to be built here. */
  imageNamed: boolean;
  /** Left out: a free one is chosen. */
  backbone: string | undefined;
  /** What Bacalhau's nodes log; left out: the compose file's own. */
  logLevel: string | undefined;
  /** Variables for containers; some of them no file shall hold. */
  secrets: Record<string, string>;
}

/** How compose is called for it; `up` ends the call when it is cleaned up after. */
export function callFor({ secrets, context: { supervisor } }: ComposePlan): ComposeCall {
  return { secrets, apart: (pid) => supervisor.adopt('docker compose', pid) };
}

/** The queue as service jobs reach it: by address, for they do not know this network's names. */
export function queueForJobs({ settings }: ComposePlan, backbone: string): string {
  return settings.queue ?? `http://${backbone}.10:9324/000000000000/${QUEUE_NAME}`;
}

/** The proxy of the network as service jobs reach it; templates/compose.yaml fixes the address. */
export const proxyForJobs = (backbone: string) => `http://${backbone}.11:9090`;

/** Writes the values of the plan that are no secrets next to the compose file, where compose looks for them. */
export function writeVariables(plan: ComposePlan, backbone: string): void {
  const { project, ports, bacalhauVersion, image, logLevel } = plan;
  const values = {
    COMPOSE_PROJECT_NAME: project.name,
    BACALHAU_VERSION: bacalhauVersion,
    WASM_SENSORS_IMAGE: image,
    BACKBONE: backbone,
    ...(logLevel === undefined ? {} : { BACALHAU_LOG_LEVEL: logLevel }),
    ...Object.fromEntries((Object.keys(ports) as PortName[]).map((name) => [name, ports[name]])),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const text = ['# Made by `wasm-sensors up`; holds no secrets.', ...lines, ''].join('\n');
  writeFileAtomic(join(project.folder, '.env'), text, 0o644);
}
