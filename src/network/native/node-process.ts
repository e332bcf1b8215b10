/**
 * One `bacalhau serve` process, as the supervisor starts it, and its configuration: a document of `templates/nodes/` with
 * this machine's addresses filled in.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { askHttp } from '../../lib/process/hang-watch.js';
import type { ChildSpec } from '../../lib/process/supervisor.js';
import { bacalhauEnv, removed } from '../bacalhau/bacalhau-cli.js';

/** Two folders up from here in `src` as in `dist`. */
const FOLDER = fileURLToPath(new URL('../../../templates/nodes/', import.meta.url));

/** A path such as `Compute.Orchestrators`, and its value. */
export type NodeSettings = Record<string, string | number | string[] | Record<string, string>>;

/** In the node's folder. */
const CONFIG_FILE = 'node.yaml';

/** Writes the configuration of one node into its folder. */
function writeNodeConfig(
  template: 'orchestrator' | 'edge' | 'web-services',
  folder: string,
  settings: NodeSettings,
): void {
  const document = parseDocument(readFileSync(`${FOLDER}${template}.yaml`, 'utf8'));
  for (const [path, value] of Object.entries(settings)) document.setIn(path.split('.'), document.createNode(value));
  writeFileSync(join(folder, CONFIG_FILE), document.toString(), { mode: 0o600 });
}

export interface NodeProcess {
  name: string;
  template: 'orchestrator' | 'edge' | 'web-services';
  settings: NodeSettings;
  /** Variables of the node, which it may forward to jobs. */
  env: Record<string, string>;
  /** Of its API, on loopback. */
  apiPort: number;
  ready: (signal: AbortSignal) => Promise<void>;
  readyTimeoutMs: number;
  hungAfterMs?: number;
  /** Shows that it is alive without asking it: `isLate` tells when its heartbeat is older than `lateMs`. */
  heartbeat?: { lateMs: number; isLate(): Promise<boolean> };
}

/**
 * @param bacalhau path of the program
 * @param folder holds the nodes' folders; a node's data stay there, so that it is the same node when started again
 */
export function nodeProcess(bacalhau: string, folder: string, node: NodeProcess): ChildSpec {
  const own = join(folder, node.name);
  const data = join(own, 'data');
  const temporary = join(own, 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  // Its lines for people have no date.
  writeNodeConfig(node.template, own, { ...node.settings, 'API.Port': node.apiPort, 'Logging.Mode': 'json' });
  const role = node.template === 'orchestrator' ? '--orchestrator' : '--compute';
  return {
    name: node.name,
    command: bacalhau,
    // A path with `=` would be read as a setting; this one has none.
    args: ['serve', role, '--name', node.name, '-c', CONFIG_FILE],
    cwd: own,
    env: {
      // Only nodes that are given cloud credentials get them.
      ...removed('AWS_'),
      ...bacalhauEnv({ BACALHAU_DIR: data, TMPDIR: temporary, ...node.env }),
    },
    ready: node.ready,
    readyTimeoutMs: node.readyTimeoutMs,
    ask: lifeOf(node),
    ...(node.hungAfterMs === undefined ? {} : { hungAfterMs: node.hungAfterMs }),
    graceMs: GRACE_MS,
  };
}

/** A node signs off from the orchestrator within 0.1 s; one that can't reach it would wait 10 s. */
const GRACE_MS = 2000;

/** Asks a node whose heartbeat is late, and one that answers no more often than it would send heartbeats. */
function lifeOf({ apiPort, heartbeat }: NodeProcess): NonNullable<ChildSpec['ask']> {
  let answered = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    if (heartbeat && performance.now() - answered < heartbeat.lateMs) return;
    if (heartbeat && !(await heartbeat.isLate())) return;
    await askHttp(`http://127.0.0.1:${apiPort}/api/v1/agent/alive`, signal);
    answered = performance.now();
  };
}
