/** One job of the embedded cluster, with its executions on nodes. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../lib/errors/app-error.js';
import type { GuestExit } from './guest/wasi-guest.js';
import type { ClusterExecution, ClusterJob, ClusterNode, JobSpec } from './host-schemas.js';
import type { Runner } from './sensor-host.js';

/** Starts between two turns of the event loop: requests of other guests proceed while thousands start. */
const STARTS_PER_TURN = 100;

interface Execution {
  info: ClusterExecution;
  guest: ReturnType<Runner['start']> | undefined;
}

/** A replaced sensor that has delivered what it kept exits by itself, once the proxy has told it; others are stopped. */
const DELIVERED_AFTER_MS = 10_000;
/** Replacements of which sensors may deliver at a time. */
const MAX_LEAVING = 4;

/** Where and with what a job runs. */
export interface Placement {
  runner: Runner;
  /** Variables that the execution on a node gets from the host, such as its token. */
  env(node: string): Record<string, string>;
  nodes: ClusterNode[];
  /** Makes room for the new executions. */
  reclaim(): Promise<void>;
  /** Called when an execution exits by itself. */
  onExit(exit: SensorExit): void;
}

/** A sensor exited by itself. `failed`: it trapped, or with an exit code; `message`: its last line. */
export interface SensorExit {
  type: 'sensor.completed' | 'sensor.failed';
  node: string;
  job: string;
  execution: string;
  message: string;
}

export class Job {
  version = 0;
  #spec: JobSpec;
  #executions: Execution[] = [];
  /** Of each replacement the executions that still deliver what they keep, the oldest first. */
  readonly #leaving: Set<Execution>[] = [];
  #runner: Runner | undefined;
  #stopped = false;

  constructor(
    readonly name: string,
    readonly id: string,
    spec: JobSpec,
  ) {
    this.#spec = spec;
  }

  /** Whether exactly this submission is running. */
  runs(spec: JobSpec): boolean {
    return this.#state === 'running' && JSON.stringify(this.#spec) === JSON.stringify(spec);
  }

  /**
   * Starts this submission on the nodes; resolves when every execution has been started. Stops what runs, but for sensors
   * that could not deliver lately: they go on until they have.
   */
  async replace(spec: JobSpec, placement: Placement): Promise<void> {
    this.#letDeliver(this.#executions.filter(({ guest }) => guest?.isBehind));
    this.#stopExecutions();
    this.#stopped = false;
    this.version++;
    this.#spec = spec;
    const executions = placement.nodes.map(newExecution);
    this.#executions = executions;
    this.#runner = placement.runner;
    for (const [i, node] of placement.nodes.entries()) {
      if (i === 0) await placement.reclaim();
      else if (i % STARTS_PER_TURN === 0) await nextTurn();
      // A newer submission or a stop arrived meanwhile.
      if (this.#executions !== executions || this.#stopped) return;
      try {
        this.#start(executions[i]!, node, placement);
      } catch (error) {
        for (const { info } of executions.slice(i)) Object.assign(info, { state: 'failed', message: messageOf(error) });
        this.#closeWhenOver();
        throw error;
      }
    }
  }

  /** Stops every execution at once; false when none was running. */
  stop(): boolean {
    const running = this.#state === 'running' || this.#state === 'pending';
    this.#stopped = true;
    for (const executions of this.#leaving.splice(0)) stopGuests(executions);
    this.#stopExecutions();
    return running;
  }

  info(): ClusterJob {
    const failed = this.#executions.find(({ info }) => info.state === 'failed');
    return {
      id: this.id,
      name: this.name,
      module: this.#spec.module,
      region: this.#spec.region,
      ...(this.#spec.labels === undefined ? {} : { labels: this.#spec.labels }),
      version: this.version,
      state: this.#state,
      message: failed ? `${failed.info.node}: ${failed.info.message}` : '',
      executions: this.#executions.map(({ info }) => ({ ...info })),
    };
  }

  get #state(): ClusterJob['state'] {
    if (this.#stopped) return 'stopped';
    const has = (state: ClusterExecution['state']) => this.#executions.some(({ info }) => info.state === state);
    if (has('running')) return 'running';
    if (has('starting') || this.#executions.length === 0) return 'pending';
    return has('failed') ? 'failed' : 'completed';
  }

  #start(execution: Execution, node: ClusterNode, { runner, env, onExit }: Placement): void {
    const { info } = execution;
    const { args, type, mounts = [], env: ownEnv } = this.#spec;
    const guestEnv = {
      ...env(node.name),
      HOSTNAME: node.name,
      ...ownEnv,
      BACALHAU_JOB_ID: this.id,
      BACALHAU_EXECUTION_ID: info.id,
      BACALHAU_JOB_TYPE: type,
    };
    execution.guest = runner.start({ args, env: guestEnv, region: node.region, mounts }, (exit, lastLine) => {
      execution.guest = undefined;
      // One that was replaced stays stopped, however it ends.
      if (info.state !== 'stopped') Object.assign(info, outcome(exit, lastLine));
      if (runner === this.#runner) this.#closeWhenOver();
      if (info.state === 'stopped') return;
      const type = info.state === 'failed' ? 'sensor.failed' : 'sensor.completed';
      onExit({ type, node: node.name, job: this.name, execution: info.id, message: info.message });
    });
    info.state = 'running';
  }

  #letDeliver(executions: Execution[]): void {
    if (executions.length === 0) return;
    const leaving = new Set(executions);
    this.#executions = this.#executions.filter((execution) => !leaving.has(execution));
    for (const { info } of executions) info.state = 'stopped';
    this.#leaving.push(leaving);
    while (this.#leaving.length > MAX_LEAVING) stopGuests(this.#leaving.shift()!);
    let delivered: Execution[] = [];
    const timer = setInterval(() => {
      // These had delivered at the last check already, and did not exit.
      stopGuests(delivered.filter(({ guest }) => guest && !guest.isBehind));
      for (const execution of leaving) if (!execution.guest) leaving.delete(execution);
      delivered = [...leaving].filter(({ guest }) => !guest?.isBehind);
      if (leaving.size > 0) return;
      clearInterval(timer);
      const place = this.#leaving.indexOf(leaving);
      if (place >= 0) this.#leaving.splice(place, 1);
    }, DELIVERED_AFTER_MS);
    timer.unref();
  }

  #stopExecutions(): void {
    for (const { info, guest } of this.#executions) {
      guest?.stop();
      if (info.state === 'running' || info.state === 'starting') info.state = 'stopped';
    }
    this.#closeWhenOver();
  }

  #closeWhenOver(): void {
    if (this.#executions.some(({ info }) => info.state === 'running' || info.state === 'starting')) return;
    this.#runner?.close();
    this.#runner = undefined;
  }
}

function stopGuests(executions: Iterable<Execution>): void {
  for (const { guest } of executions) guest?.stop();
}

function newExecution(node: ClusterNode): Execution {
  return { info: { id: `e-${randomUUID()}`, node: node.name, state: 'starting', message: '' }, guest: undefined };
}

/** State of an execution whose guest has exited: with a trap or an exit code it has failed. */
function outcome(exit: GuestExit, lastLine: string): Pick<ClusterExecution, 'state' | 'message'> {
  if (exit.kind === 'stopped') return { state: 'stopped', message: '' };
  if (exit.kind === 'trap') return { state: 'failed', message: lastLine === '' ? exit.message : lastLine };
  const code = exit.kind === 'exit' ? exit.code : 0;
  if (code === 0) return { state: 'completed', message: lastLine };
  return { state: 'failed', message: lastLine === '' ? `exit code ${code}` : `exit code ${code}: ${lastLine}` };
}
