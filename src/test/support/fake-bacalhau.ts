/** A `bacalhau` that answers from files; it runs nothing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from './box.js';

interface FakeNode {
  name: string;
  labels?: Record<string, string>;
  connected?: boolean;
  engines?: string[];
  type?: string;
}

export class FakeBacalhau {
  readonly path: string;
  readonly #data: string;

  constructor(box: Box) {
    this.#data = join(box.programs, 'bacalhau-data');
    mkdirSync(this.#data);
    this.path = box.program(
      'bacalhau',
      `cd '${this.#data}'
if [ -f failure ]; then cat failure >&2; exit 1; fi
case "$*" in
  *"version --client"*) cat client.json ;;
  *"agent version"*) cat agent.json ;;
  *"node list"*) cat nodes.json ;;
esac`,
    );
    this.version('v1.9.3');
    this.nodes([]);
  }

  version(version: string): void {
    this.#put('client.json', { clientVersion: { GitVersion: version } });
    this.#put('agent.json', { GitVersion: version });
  }

  nodes(nodes: FakeNode[]): void {
    const raw = nodes.map(({ name, labels = {}, connected = true, engines = ['wasm'], type = 'Compute' }) => ({
      Info: { NodeID: name, NodeType: type, Labels: labels, ComputeNodeInfo: { ExecutionEngines: engines } },
      ConnectionState: { Status: connected ? 'CONNECTED' : 'DISCONNECTED' },
    }));
    this.#put('nodes.json', raw);
  }

  /** From now on every call says this, and fails. */
  fails(text: string): void {
    writeFileSync(join(this.#data, 'failure'), text);
  }

  #put(name: string, value: unknown): void {
    writeFileSync(join(this.#data, name), `${JSON.stringify(value)}\n`);
  }
}
