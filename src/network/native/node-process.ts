/** One `bacalhau serve` process, as the supervisor starts it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildSpec } from '../../lib/process/supervisor.js';
import { bacalhauEnv, removed } from '../bacalhau/bacalhau-env.js';
import { CONFIG_FILE, type Settings, writeNodeConfig } from './node-config.js';

export interface NodeProcess {
  name: string;
  template: 'orchestrator' | 'edge' | 'web-services';
  settings: Settings;
  /** Variables of the node, which it may forward to jobs. */
  env: Record<string, string>;
  ready: (signal: AbortSignal) => Promise<void>;
  readyTimeoutMs: number;
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
  writeNodeConfig(node.template, own, node.settings);
  const role = node.template === 'orchestrator' ? '--orchestrator' : '--compute';
  return {
    name: node.name,
    command: bacalhau,
    // A path with a `=` in it would be taken for a setting; this one has none.
    args: ['serve', role, '--name', node.name, '-c', CONFIG_FILE],
    cwd: own,
    env: {
      // Cloud credentials go to the nodes that are given them, and to no other.
      ...removed('AWS_'),
      ...bacalhauEnv({ BACALHAU_DIR: data, TMPDIR: temporary, ...node.env }),
    },
    ready: node.ready,
    readyTimeoutMs: node.readyTimeoutMs,
    graceMs: GRACE_MS,
  };
}

/** A node says goodbye to the orchestrator within 0.1 s; one that can't reach it would wait 10 s for nothing. */
const GRACE_MS = 2000;
