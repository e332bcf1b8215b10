/** One submission of a job of the embedded cluster: its module, and its executions on nodes. */
import { randomUUID } from 'node:crypto';
import type { ClusterOptions } from './cluster.js';
import type { GuestExit } from './guest/wasi-guest.js';
import type { ClusterExecution, ClusterNode, JobSpec } from './host-schemas.js';
import type { JobGuest, Runner } from './sensor-host.js';

const SUBMISSION_TIME = '--submission-time=';

/** A sensor exited by itself. `failed`: it trapped, or with an exit code; `message`: its last line. */
export interface SensorExit {
  type: 'sensor.completed' | 'sensor.failed';
  node: string;
  job: string;
  execution: string;
  message: string;
}

export class Execution {
  readonly info: ClusterExecution;
  guest: JobGuest | undefined;
  /** Checks for which it waits, on a connected node, until the one before has delivered: 10 s. Some never can. */
  patience = 100;
  /** Its region was cut off when it was submitted. */
  hasWaited = false;
  #isLeaving = false;

  constructor(readonly node: ClusterNode) {
    this.info = { id: `e-${randomUUID()}`, node: node.name, state: 'starting', message: '' };
  }

  get isOver(): boolean {
    return this.info.state !== 'running' && this.info.state !== 'starting';
  }

  /** A request of it has succeeded, or all that it was to do. */
  get hasDelivered(): boolean {
    return this.guest?.delivery.hasDelivered === true || this.info.state === 'completed';
  }

  stop(): void {
    if (!this.isOver) this.info.state = 'stopped';
    this.guest?.stop();
  }

  /** Stops it when it has delivered what it keeps. */
  retire(): void {
    if (!this.#isLeaving) this.guest?.retire();
    this.#isLeaving = true;
  }
}

export class JobVersion {
  readonly executions: Execution[];
  readonly #byNode: Map<ClusterNode, Execution>;
  isReplaced = false;
  /** The newest submission time of its sensors, Unix milliseconds; at first of those of the version before. */
  submittedAt = 0;

  constructor(
    readonly spec: JobSpec,
    private readonly runner: Runner,
    nodes: ClusterNode[],
    readonly cluster: Pick<ClusterOptions, 'host' | 'moduleEnv' | 'onEvent'>,
    /** It ran before this host did. */
    readonly isResumed = false,
  ) {
    this.executions = nodes.map((node) => new Execution(node));
    this.#byNode = new Map(this.executions.map((execution) => [execution.node, execution]));
  }

  on(node: ClusterNode): Execution | undefined {
    return this.#byNode.get(node);
  }

  get isOver(): boolean {
    return this.executions.every((execution) => execution.isOver);
  }

  /** Throws where the host can't hold another one. */
  start(execution: Execution, jobId: string): void {
    const { info, node } = execution;
    const { args, type, mounts = [], env, name, module } = this.spec;
    const guestEnv = {
      ...this.cluster.moduleEnv?.(module, node.name),
      HOSTNAME: node.name,
      ...env,
      BACALHAU_JOB_ID: jobId,
      BACALHAU_EXECUTION_ID: info.id,
      BACALHAU_JOB_TYPE: type,
    };
    const isLate = execution.hasWaited || this.isResumed;
    const spec = {
      args: isLate ? args.map((arg) => this.#submittedNow(arg)) : args,
      env: guestEnv,
      region: node.region,
      mounts,
    };
    execution.guest = this.runner.start(spec, (exit, lastLine) => {
      execution.guest = undefined;
      const end = outcome(exit, lastLine);
      // One that was stopped, or replaced, stays so, however it ends.
      if (end.state === 'stopped' || (this.isReplaced && end.state === 'completed')) info.state = 'stopped';
      const isNews = info.state !== 'stopped';
      if (isNews) Object.assign(info, end);
      this.closeWhenOver();
      if (!isNews) return;
      const type = end.state === 'failed' ? 'sensor.failed' : 'sensor.completed';
      this.cluster.onEvent?.({ type, node: node.name, job: name, execution: info.id, message: end.message });
    });
    info.state = 'running';
  }

  stop(executions: Execution[] = this.executions): void {
    for (const execution of executions) execution.stop();
    this.closeWhenOver();
  }

  closeWhenOver(): void {
    if (this.isOver && this.executions.every(({ guest }) => !guest)) this.runner.close();
  }

  /**
   * One that had to wait, or runs again after the host was killed, is submitted now: what its predecessor has taken until
   * now is data.
   */
  #submittedNow(arg: string): string {
    if (!arg.startsWith(SUBMISSION_TIME)) return arg;
    const given = Number(arg.slice(SUBMISSION_TIME.length));
    this.submittedAt = Math.max(given, Date.now(), this.submittedAt);
    return `${SUBMISSION_TIME}${this.submittedAt}`;
  }
}

/** State of an execution whose guest has exited: with a trap or an exit code it has failed. */
function outcome(exit: GuestExit, lastLine: string): Pick<ClusterExecution, 'state' | 'message'> {
  if (exit.kind === 'stopped') return { state: 'stopped', message: '' };
  if (exit.kind === 'trap') return { state: 'failed', message: lastLine === '' ? exit.message : lastLine };
  const code = exit.kind === 'exit' ? exit.code : 0;
  if (code === 0) return { state: 'completed', message: lastLine };
  return { state: 'failed', message: lastLine === '' ? `exit code ${code}` : `exit code ${code}: ${lastLine}` };
}
