/** One job of the embedded cluster: its executions on nodes, from the start to the end. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../lib/errors/app-error.js';
import type { GuestEnd } from './guest.js';
import type { ClusterExecution, ClusterJob, ClusterNode, JobSpec } from './host-api.js';
import type { RunningGuest, SensorHost } from './sensor-host.js';
import type { SensorModule } from './sensor-module.js';

/** Starts between two turns of the event loop, so that starting thousands leaves the requests of others moving. */
const STARTS_PER_TURN = 100;

interface Execution {
  info: ClusterExecution;
  guest: RunningGuest | undefined;
}

/** What the cluster knows and a job needs to run. */
export interface JobSurroundings {
  host: SensorHost;
  module: SensorModule;
  /** Environment that the host gives every execution of this module, such as its token. */
  env: Record<string, string>;
  nodes: ClusterNode[];
}

export class Job {
  version = 0;
  /** The running submission, to be compared with the next one. */
  private fingerprint = '';
  private spec: JobSpec;
  private executions: Execution[] = [];
  private stopped = false;

  constructor(
    readonly name: string,
    readonly id: string,
    spec: JobSpec,
  ) {
    this.spec = spec;
  }

  /** Whether this very submission runs already. */
  runs(spec: JobSpec): boolean {
    return this.state === 'running' && this.fingerprint === JSON.stringify(spec);
  }

  /** Stops what runs and starts this submission on the nodes; resolves when every execution has been started. */
  async replace(spec: JobSpec, { host, module, env, nodes }: JobSurroundings): Promise<void> {
    this.stopExecutions();
    this.stopped = false;
    this.version++;
    this.fingerprint = JSON.stringify(spec);
    this.spec = spec;
    const executions = nodes.map((node) => this.newExecution(node));
    this.executions = executions;
    for (const [i, node] of nodes.entries()) {
      if (i === 0) await host.reclaim();
      else if (i % STARTS_PER_TURN === 0) await nextTurn();
      // A newer submission, or a stop, came meanwhile.
      if (this.executions !== executions || this.stopped) return;
      try {
        this.startOn(node, executions[i]!, spec, host, module, env);
      } catch (error) {
        for (const { info } of executions.slice(i)) Object.assign(info, { state: 'failed', message: messageOf(error) });
        throw error;
      }
    }
  }

  /** Stops every execution at once; false when none was running. */
  stop(): boolean {
    const running = this.state === 'running' || this.state === 'pending';
    this.stopped = true;
    this.stopExecutions();
    return running;
  }

  info(): ClusterJob {
    const failed = this.executions.find(({ info }) => info.state === 'failed');
    return {
      id: this.id,
      name: this.name,
      module: this.spec.module,
      region: this.spec.region,
      version: this.version,
      state: this.state,
      message: failed ? `${failed.info.node}: ${failed.info.message}` : '',
      executions: this.executions.map(({ info }) => ({ ...info })),
    };
  }

  private get state(): ClusterJob['state'] {
    if (this.stopped) return 'stopped';
    const has = (state: ClusterExecution['state']) => this.executions.some(({ info }) => info.state === state);
    if (has('running')) return 'running';
    if (has('starting') || this.executions.length === 0) return 'pending';
    return has('failed') ? 'failed' : 'completed';
  }

  private newExecution(node: ClusterNode): Execution {
    return { info: { id: `e-${randomUUID()}`, node: node.name, state: 'starting', message: '' }, guest: undefined };
  }

  private startOn(
    node: ClusterNode,
    execution: Execution,
    spec: JobSpec,
    host: SensorHost,
    module: SensorModule,
    env: Record<string, string>,
  ): void {
    const { info } = execution;
    const guestEnv = {
      ...env,
      ...spec.env,
      HOSTNAME: node.name,
      BACALHAU_JOB_ID: this.id,
      BACALHAU_EXECUTION_ID: info.id,
      BACALHAU_JOB_TYPE: spec.type,
    };
    const guest = { args: spec.args, env: guestEnv, region: node.region, mounts: spec.mounts ?? [] };
    execution.guest = host.start(module, guest, (end, lastLine) => {
      execution.guest = undefined;
      Object.assign(info, outcome(end, lastLine));
    });
    info.state = 'running';
  }

  private stopExecutions(): void {
    for (const { info, guest } of this.executions) {
      guest?.stop();
      if (info.state === 'running' || info.state === 'starting') info.state = 'stopped';
    }
  }
}

/** How an execution's end shows: only a trap is a failure, as on Bacalhau. */
function outcome(end: GuestEnd, lastLine: string): Pick<ClusterExecution, 'state' | 'message'> {
  if (end.kind === 'stopped') return { state: 'stopped', message: '' };
  if (end.kind === 'trap') return { state: 'failed', message: lastLine === '' ? end.message : lastLine };
  const code = end.kind === 'exit' ? end.code : -1;
  return { state: 'completed', message: code === 0 ? lastLine : `exit code ${code}: ${lastLine}` };
}
