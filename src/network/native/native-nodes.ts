/** The nodes of a native network: their names, settings and environment, and the `bacalhau serve` process of each. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { packageRoot } from '../../lib/process/self-command.js';
import type { ChildSpec } from '../../lib/process/supervisor.js';
import { bacalhauEnv, removed } from '../bacalhau/bacalhau-cli.js';
import { edgeLabels, plannedEdges } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { PlanContext } from '../provider.js';
import type { RegionLinks } from '../region-links.js';
import { sensorEnvOf } from '../sensor-tokens.js';

export const HOST = '127.0.0.1';

/** The ports that people and programs know by number. */
export interface NativePorts {
  api: number;
  nats: number;
  webUi: number;
}

export interface NodePlan {
  name: string;
  /** Undefined for the orchestrator. */
  region?: string;
  settings: NodeSettings;
  /** Variables of the node, which it may forward to jobs. */
  env: Record<string, string>;
}

const NODES_A_CORE = 50;

/**
 * Of a network of so many nodes: those that share few processors are late with their heartbeats, and must not count as cut
 * off. The first two are as in `templates/nodes/` for small networks.
 */
export function timesOf(nodes: number) {
  const factor = Math.max(1, Math.ceil(nodes / (NODES_A_CORE * availableParallelism())));
  return {
    heartbeatS: 8 * factor,
    /** Must be longer than that. */
    disconnectS: 12 * factor,
    /** A heartbeat that is older is late. */
    lateMs: 10_000 * factor,
    /** A node that answers nothing for so long is killed and restarted. */
    hungAfterMs: 10_000 * factor,
    /** So long a node uses a broken connection: five heartbeats (`HeartbeatMissFactor` in Bacalhau's source; no setting). */
    givesUpAfterMs: 40_000 * factor,
  };
}

/** @param nodes how many it will have */
export function orchestratorNode(ports: NativePorts, nodes: number): NodePlan {
  return {
    name: 'orchestrator',
    settings: {
      'Orchestrator.NodeManager.DisconnectTimeout': `${timesOf(nodes).disconnectS}s`,
      'Orchestrator.Port': ports.nats,
      'WebUI.Listen': `${HOST}:${ports.webUi}`,
      'Compute.Orchestrators': [`nats://${HOST}:${ports.nats}`],
    },
    env: {},
  };
}

/** In the order of {@link plannedEdges}. */
export function edgeNodes(context: PlanContext, configPaths: string[], links: RegionLinks): NodePlan[] {
  const { heartbeatS } = timesOf(context.nodesPerRegion * REGIONS.length);
  return plannedEdges(context.nodesPerRegion).map(({ name, region }) => ({
    name,
    region,
    settings: {
      Labels: edgeLabels(region),
      'Compute.Orchestrators': [links.orchestratorUrl(region)],
      'Compute.Heartbeat.Interval': `${heartbeatS}s`,
      'Compute.AllowListedLocalPaths': configPaths,
    },
    // One thread is enough for one sensor, and takes a third less of the processor than one a core.
    // The operator token is for config-updater jobs.
    env: {
      GOMAXPROCS: '1',
      HOSTNAME: name,
      REGION: region,
      WASM_SENSORS_TOKEN: context.token,
      ...sensorEnvOf(context, name),
      // Where programs written in Go look for authorities; on these nodes only sensors speak https.
      ...(context.tlsCa === undefined ? {} : { SSL_CERT_FILE: context.tlsCa }),
    },
  }));
}

/** A path such as `Compute.Orchestrators`, and its value. */
export type NodeSettings = Record<string, string | number | string[] | Record<string, string>>;

const CONFIG_FILE = 'node.yaml';

export interface NodeProcess
  extends NodePlan,
    Pick<ChildSpec, 'ready' | 'readyTimeoutMs' | 'hungAfterMs' | 'keepsTrying'> {
  /** Of its API, on loopback. */
  apiPort: number;
  /** Whether its heartbeat is late: only then it is asked whether it is alive. */
  isLate?(): Promise<boolean>;
}

/**
 * @param bacalhau path of the program
 * @param folder holds the nodes' folders; a node's data stay there, so that it is the same node when started again
 */
export function nodeProcess(bacalhau: string, folder: string, node: NodeProcess): ChildSpec {
  const { name, region, settings, env, apiPort, isLate, ...child } = node;
  const own = join(folder, name);
  const data = join(own, 'data');
  const temporary = join(own, 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const [template, role] = region === undefined ? ['orchestrator', '--orchestrator'] : ['edge', '--compute'];
  const document = parseDocument(readFileSync(`${packageRoot}templates/nodes/${template}.yaml`, 'utf8'));
  // Its lines for people have no date.
  const all = { ...settings, 'API.Port': apiPort, 'Logging.Mode': 'json' };
  for (const [path, value] of Object.entries(all)) document.setIn(path.split('.'), document.createNode(value));
  writeFileSync(join(own, CONFIG_FILE), document.toString(), { mode: 0o600 });
  return {
    name,
    command: bacalhau,
    // A path with `=` would be read as a setting; this one has none.
    args: ['serve', role, '--name', name, '-c', CONFIG_FILE],
    cwd: own,
    env: {
      // Only nodes that are given cloud credentials get them.
      ...removed('AWS_'),
      ...bacalhauEnv({ BACALHAU_DIR: data, TMPDIR: temporary, ...env }),
    },
    ...child,
    ask: async (signal) => {
      if (isLate && !(await isLate())) return;
      await (await fetch(`http://${HOST}:${apiPort}/api/v1/agent/alive`, { signal })).arrayBuffer();
    },
    graceMs: GRACE_MS,
  };
}

/** A node signs off from the orchestrator within 0.1 s; one that can't reach it would wait 10 s. */
const GRACE_MS = 2000;
