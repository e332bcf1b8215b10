/**
 * One job of the embedded cluster. A newer version of sensors takes over from the older one on each node for itself: it
 * starts when the node is connected and the older sensor has delivered what it keeps, or has had time to. The older one runs on
 * until a request of the newer one has succeeded, and it has delivered.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../lib/errors/app-error.js';
import type { ClusterExecution, ClusterJob, JobSpec } from './host-schemas.js';
import type { Execution, JobVersion } from './job-version.js';

/** Starts between two turns of the event loop: requests of other guests proceed while thousands start. */
const STARTS_PER_TURN = 100;
/** So many nodes run both versions at a time at most. */
const MAX_BESIDE = 500;
const CHECK_MS = 100;
/** Versions that may still deliver what they keep, beside the newest; one that can't deliver does so for ever. */
const MAX_OLDER = 4;

export interface RunOptions {
  /** The version that runs takes leave on each node for itself; else it stops everywhere before the new one starts. */
  handover?: boolean | undefined;
  /** Called when a version has taken over, or has failed everywhere: with the one that runs now. */
  onSettled?: ((spec: JobSpec) => void) | undefined;
}

export class Job {
  version = 0;
  #newest: JobVersion;
  /** Those that still run somewhere, the oldest first. */
  #older: JobVersion[] = [];
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly name: string,
    readonly id: string,
    first: JobVersion,
  ) {
    this.#newest = first;
  }

  /** Whether exactly this submission is running, or will. */
  runs(spec: JobSpec): boolean {
    const textOf = ({ handover, ...rest }: JobSpec) => JSON.stringify(rest);
    const isActive = this.#newest.executions.some((one) => !one.isOver);
    return this.#state === 'running' && isActive && textOf(this.#newest.spec) === textOf(spec);
  }

  /** Resolves when every execution has been started that may start now. */
  async run(version: JobVersion, { handover, onSettled }: RunOptions = {}): Promise<void> {
    clearInterval(this.#timer);
    if (version !== this.#newest) {
      this.#dropWaiting();
      this.#older.push(this.#newest);
    }
    while (this.#older.length > MAX_OLDER) this.#older.shift()?.stop();
    for (const one of this.#older) one.isReplaced = true;
    if (!handover) for (const one of this.#older) one.stop();
    this.#forgetOver();
    version.submittedAt = this.#newest.submittedAt + 1;
    this.#newest = version;
    this.#stopped = false;
    this.version++;
    await this.#startMore(version);
    if (this.#isPast(version)) return;
    if (this.#older.length === 0) {
      onSettled?.(version.spec);
      return;
    }
    this.#timer = setInterval(() => void this.#takeOver(version, onSettled), CHECK_MS);
    this.#timer.unref();
  }

  /** Stops every execution at once; false when none was running. */
  stop(): boolean {
    const running = this.#state === 'running' || this.#state === 'pending';
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const version of [...this.#older.splice(0), this.#newest]) version.stop();
    return running;
  }

  info(): ClusterJob {
    const { spec, executions } = this.#newest;
    const failed = executions.find(({ info }) => info.state === 'failed');
    const before = this.#older.flatMap((version) => version.executions.filter((one) => !one.isOver));
    return {
      id: this.id,
      name: this.name,
      module: spec.module,
      region: spec.region,
      ...(spec.labels === undefined ? {} : { labels: spec.labels }),
      version: this.version,
      state: this.#state,
      message: failed ? `${failed.info.node}: ${failed.info.message}` : '',
      executions: [...before, ...executions].map(({ info }) => ({ ...info })),
    };
  }

  get #state(): ClusterJob['state'] {
    if (this.#stopped) return 'stopped';
    const all = [...this.#older, this.#newest].flatMap(({ executions }) => executions);
    const states = new Set(all.map(({ info }) => info.state));
    const has = (state: ClusterExecution['state']) => states.has(state);
    if (has('running')) return 'running';
    if (has('starting') || states.size === 0) return 'pending';
    return has('failed') ? 'failed' : 'completed';
  }

  /** What of the newest version has not taken over yet ends, or never begins. */
  #dropWaiting(): void {
    this.#newest.stop(this.#newest.executions.filter((one) => !one.hasDelivered && this.#before(one).length > 0));
  }

  #forgetOver(): void {
    this.#older = this.#older.filter(({ executions }) => executions.some(({ guest }) => guest));
  }

  /** What runs of older versions on the node of this one. */
  #before({ node }: Execution): Execution[] {
    return this.#older.flatMap((version) => {
      const one = version.on(node);
      return one?.guest ? [one] : [];
    });
  }

  /** Whether it was stopped or replaced itself. */
  #isPast(version: JobVersion): boolean {
    return this.#stopped || version !== this.#newest;
  }

  async #startMore(newest: JobVersion): Promise<void> {
    const { host } = newest.cluster;
    const beside = newest.executions.filter((one) => one.guest && this.#before(one).length > 0).length;
    let room = MAX_BESIDE - beside;
    const ready = newest.executions.filter((one) => {
      if (one.info.state !== 'starting') return false;
      const before = this.#before(one);
      if (before.length === 0) return true;
      if (!host.isConnected(one.node.region)) {
        one.hasWaited = true;
        return false;
      }
      if (before.some(({ guest }) => guest?.delivery.isBehind) && one.patience-- > 0) return false;
      return room-- > 0;
    });
    if (ready.length > 0) await host.reclaim();
    for (const [i, execution] of ready.entries()) {
      if (i > 0 && i % STARTS_PER_TURN === 0) await nextTurn();
      if (this.#isPast(newest)) return;
      try {
        this.#start(newest, execution);
      } catch (error) {
        for (const { info } of ready.slice(i)) Object.assign(info, { state: 'failed', message: messageOf(error) });
        newest.closeWhenOver();
        throw error;
      }
    }
  }

  #start(newest: JobVersion, execution: Execution): void {
    try {
      newest.start(execution, this.id);
    } catch (error) {
      const before = this.#before(execution);
      if (before.length === 0) throw error;
      // A host that is full has room for one of the two.
      for (const one of before) one.stop();
      newest.start(execution, this.id);
    }
  }

  async #takeOver(newest: JobVersion, onSettled: RunOptions['onSettled']): Promise<void> {
    // What fails is in the state of its execution.
    await this.#startMore(newest).catch(() => {});
    if (this.#isPast(newest)) return;
    for (const one of newest.executions) if (one.hasDelivered) for (const before of this.#before(one)) before.retire();
    this.#forgetOver();
    if (newest.executions.some((one) => !one.isOver && !one.hasDelivered && this.#before(one).length > 0)) return;
    clearInterval(this.#timer);
    onSettled?.((newest.isOver ? this.#older.at(-1) : undefined)?.spec ?? newest.spec);
  }
}
