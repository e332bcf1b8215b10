/** The plan of a compose network, and the part of it that Compose reads from a file. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/fs/durable-files.js';
import type { PlanContext } from '../provider.js';
import type { ComposePorts, PortName, PortOptions } from './compose-ports.js';
import type { ComposeCall, Project } from './engine/compose-project.js';

export interface ComposeSettings {
  /** Where `.env` is. */
  folder: string;
  ports: PortOptions['wishes'];
  /** An existing queue (URL or name); left out, the network runs its own. */
  queue?: string;
  queueEndpoint?: string;
  awsRegion?: string;
  /** Where alerts go; such URLs often are secrets. */
  webhook?: string;
  viewerToken?: string;
  /** Further names under which requests may reach proxy and puller. */
  allowedHosts: string[];
  proxyArgs: string[];
  pullerArgs: string[];
  queueArgs?: string[];
}

export interface ComposePlan {
  project: Project;
  context: PlanContext;
  settings: ComposeSettings;
  ports: ComposePorts;
  bacalhauVersion: string;
  image: string;
  /** The operator named the image, so it is not built here. */
  imageNamed: boolean;
  /** First three numbers of its addresses; undefined: free ones are found. */
  backbone: string | undefined;
  /** Of Bacalhau's nodes; undefined: that of the compose file. */
  logLevel: string | undefined;
  /** Variables for containers, some of which must not be written into a file. */
  secrets: Record<string, string>;
}

/** How compose is called for the plan; `up` waits for the call when it cleans up. */
export function callFor({ secrets, context: { supervisor } }: ComposePlan): ComposeCall {
  return { secrets, apart: (pid) => supervisor.adopt('docker compose', pid) };
}

/** Writes the values of the plan that are not secret into the `.env` of the compose file. */
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
