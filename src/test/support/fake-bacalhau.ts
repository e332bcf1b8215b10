/** A `bacalhau` that answers from files, and keeps what it was called with; it runs nothing. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from './box.js';

export interface FakeNode {
  name: string;
  labels?: Record<string, string>;
  connected?: boolean;
  engines?: string[];
  type?: string;
}

export interface FakeJob {
  id: string;
  name: string;
  type?: string;
  state?: string;
  labels?: Record<string, string>;
  /** By execution id. */
  executions?: Record<string, { node: string; state: number; desired?: number; message?: string }>;
}

/** Numbers of Bacalhau's execution states. */
export const RUNNING = 6;
export const FAILED = 10;

export class FakeBacalhau {
  readonly path: string;
  readonly #data: string;

  constructor(box: Box) {
    this.#data = join(box.programs, 'bacalhau-data');
    mkdirSync(this.#data);
    this.path = box.program(
      'bacalhau',
      `cd '${this.#data}'
echo "$*" >> calls
if [ -f failure ]; then cat failure >&2; exit 1; fi
case "$*" in
  *"version --client"*) cat client.json ;;
  *"agent version"*) cat agent.json ;;
  *"node list"*) cat nodes.json ;;
  *"job list"*) cat jobs.json ;;
  *"job executions "*) set -- "\${@#--*}"; while [ "$1" != executions ]; do shift; done; cat "executions-$2.json" ;;
  *"job run"*)
    for last; do :; done
    if [ -f "$last" ]; then cat "$last" > "new.$$"; else cat > "new.$$"; fi
    mv "new.$$" submitted
    if [ -f jobs-after.json ]; then cp jobs-after.json "new.$$" && mv "new.$$" jobs.json; fi
    echo j-submitted ;;
  *"job stop "*)
    for last; do :; done
    until mkdir lock 2> /dev/null; do sleep 0.01; done
    sed "/\\"ID\\":\\"$last\\"/s/\\"StateType\\":\\"[A-Za-z]*\\"/\\"StateType\\":\\"Stopped\\"/" jobs.json > "new.$$"
    mv "new.$$" jobs.json
    rmdir lock ;;
esac`,
    );
    this.version('v1.9.3');
    this.nodes([]);
    this.jobs([]);
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

  /** `when`: from now on, or after the next submission. Those that are stopped become so. */
  jobs(jobs: FakeJob[], when: 'now' | 'after' = 'now'): void {
    const raw = jobs.map(({ id, name, type = 'daemon', state = 'Running', labels = { app: 'wasm-sensors' } }) => ({
      ID: id,
      Name: name,
      Namespace: 'default',
      Type: type,
      Labels: labels,
      State: { StateType: state, Message: state === 'Failed' ? 'no node could run it' : '' },
      Version: 2,
      CreateTime: 1,
    }));
    this.#put(when === 'now' ? 'jobs.json' : 'jobs-after.json', raw);
    for (const { id, executions = {} } of jobs) {
      const all = Object.entries(executions).map(([ID, { node, state, desired = 1, message = '' }], i) => ({
        ID,
        NodeID: node,
        DesiredState: { StateType: desired, Message: '' },
        ComputeState: { StateType: state, Message: message },
        CreateTime: i,
      }));
      this.#put(`executions-${id}.json`, all);
    }
  }

  /** From now on every call says this, and fails. */
  fails(text: string): void {
    writeFileSync(join(this.#data, 'failure'), text);
  }

  /** The document that was submitted last. */
  get submitted(): string {
    return readFileSync(join(this.#data, 'submitted'), 'utf8');
  }

  /** Of the sensors that were submitted last; undefined while there are none. */
  get submissionTime(): number | undefined {
    if (!existsSync(join(this.#data, 'submitted'))) return undefined;
    const time = /--submission-time=(\d{13})/.exec(this.submitted)?.[1];
    return time === undefined ? undefined : Number(time);
  }

  /** What it was called with since the last look, one call a line. */
  takeCalls(): string {
    const file = join(this.#data, 'calls');
    appendFileSync(file, '');
    const calls = readFileSync(file, 'utf8');
    writeFileSync(file, '');
    return calls;
  }

  #put(name: string, value: unknown): void {
    // One element a line, for tools that work on lines.
    const text = Array.isArray(value)
      ? `[${value.map((one) => JSON.stringify(one)).join(',\n')}]`
      : JSON.stringify(value);
    writeFileSync(join(this.#data, name), `${text}\n`);
  }
}

/** One edge node a region, and the orchestrator. */
export const edgeNodes = (): FakeNode[] => [
  { name: 'orchestrator', type: 'Requester' },
  ...['us', 'eu', 'as'].map((region) => ({ name: `edge-${region}-1`, labels: { region, type: 'edge' } })),
];
