/**
 * Runs child processes and keeps them running: each is started with its output in a log file, waited for until ready,
 * started again (backing off) when it ends by itself, and ended with the rest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../errors/app-error.js';
import { lastLines, openLog } from './log-file.js';
import { identify, type ProcessId, signalAll, stopProcesses } from './process-id.js';

export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  /** Where it runs; this process's folder when left out. */
  cwd?: string;
  /** On top of this process's environment; `undefined` takes a variable out of it. */
  env?: Record<string, string | undefined>;
  /**
   * How readiness is known: `ipc`: one of our own commands says so (`reportReady`); a function: it resolves when the
   * process is ready, and is aborted when the process ends.
   */
  ready: 'ipc' | ((signal: AbortSignal) => Promise<void>);
  readyTimeoutMs?: number;
  /** How long it may take to end after SIGTERM, in milliseconds. */
  graceMs?: number;
}

export type ChildEvent =
  | { type: 'child.ready'; name: string; pid: number; afterMs: number }
  | { type: 'child.exited'; name: string; how: string; restartInMs: number; lastLines: string[] }
  | { type: 'child.restarted'; name: string; pid: number }
  /** A listener of `change` failed, such as on a full disk; not said again until one has succeeded. */
  | { type: 'change.lost'; reason: string };

/** A child that ran at least this long was well: the next failure starts with the shortest pause again. */
const WELL_AFTER_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

interface Child {
  spec: ChildSpec;
  id: ProcessId | undefined;
  failures: number;
  /** Where the output of its latest run begins in its log, in bytes. */
  logFrom: number;
  stopping: boolean;
}

/**
 * Those that have children. However this process ends, as long as it can still say a word, they are asked to end too:
 * programs that don't know us would run on.
 */
const withChildren = new Set<Supervisor>();
process.on('exit', () => {
  for (const supervisor of withChildren) signalAll(supervisor.running, 'SIGTERM');
});

/** Emits `event` with a {@link ChildEvent}, and `change` when the set of processes changed. */
export class Supervisor extends EventEmitter<{ event: [ChildEvent]; change: [] }> {
  private readonly children = new Map<string, Child>();
  private readonly adopted = new Set<ProcessId>();
  private closed = false;
  private changeLost = false;

  constructor(private readonly logDir: string) {
    super();
    mkdirSync(logDir, { recursive: true });
  }

  logFile(name: string): string {
    return join(this.logDir, `${name}.log`);
  }

  /** The processes that run now. */
  get running(): ProcessId[] {
    return [...[...this.children.values()].flatMap((child) => child.id ?? []), ...this.adopted];
  }

  /** Counts a process that ends by itself, and that somebody waits for, among those that run; the result forgets it. */
  adopt(name: string, pid: number): () => void {
    const id = identify(name, pid);
    if (!id) return () => {};
    this.adopted.add(id);
    this.changed();
    return () => {
      this.adopted.delete(id);
      this.changed();
    };
  }

  /** Starts a child; resolves when it is ready, rejects with `CHILD_FAILED` and its last log lines when it can't be. */
  async start(spec: ChildSpec): Promise<void> {
    if (this.closed) throw new Error(`${spec.name} is not started: everything ends`);
    const child: Child = { spec, id: undefined, failures: 0, logFrom: 0, stopping: false };
    this.children.set(spec.name, child);
    withChildren.add(this);
    const began = Date.now();
    try {
      await this.launch(child);
    } catch (error) {
      await this.stop([spec.name]);
      throw error;
    }
    this.emit('event', { type: 'child.ready', name: spec.name, pid: child.id?.pid ?? 0, afterMs: Date.now() - began });
  }

  /** From now on no child is started, whoever is still about to. */
  close(): void {
    this.closed = true;
  }

  /** Ends these children, all at the same time, and forgets them; unknown names are ignored. */
  async stop(names: string[]): Promise<void> {
    const leaving = names.flatMap((name) => this.children.get(name) ?? []);
    for (const child of leaving) {
      child.stopping = true;
      this.children.delete(child.spec.name);
    }
    await Promise.all(leaving.map((child) => stopProcesses(child.id ? [child.id] : [], child.spec.graceMs ?? 5000)));
    if (this.children.size === 0) withChildren.delete(this);
    this.changed();
  }

  private async launch(child: Child): Promise<void> {
    const { spec } = child;
    const log = openLog(this.logFile(spec.name));
    child.logFrom = log.from;
    const running = spawn(spec.command, spec.args, {
      env: { ...process.env, ...spec.env },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      stdio: ['ignore', log.fd, log.fd, ...(spec.ready === 'ipc' ? (['ipc'] as const) : [])],
      // Its own process group: a Ctrl-C in the terminal reaches only us, and we end the children in order.
      detached: true,
    });
    closeSync(log.fd);
    const began = Date.now();
    child.id = running.pid === undefined ? undefined : identify(spec.name, running.pid);
    this.changed();
    const ended = new AbortController();
    const exit = howItEnds(running).then((end) => {
      ended.abort();
      child.id = undefined;
      return end;
    });
    if (child.stopping) running.kill('SIGKILL');
    const timeoutMs = spec.readyTimeoutMs ?? 20_000;
    const ready = spec.ready === 'ipc' ? saysReady(running) : spec.ready(ended.signal);
    ready.catch(() => {});
    const outcome = await Promise.race([
      ready.then(() => 'ready' as const),
      exit,
      sleep(timeoutMs, { how: `not ready after ${timeoutMs / 1000} s`, code: null }, { ref: false }),
    ]);
    if (outcome !== 'ready') {
      // Our own commands say so that the caller's input, which we passed on, is at fault.
      const message = `${spec.name} did not start: ${outcome.how}`;
      const options = { hint: `Its log is ${this.logFile(spec.name)}.`, details: this.lastWords(child, 10) };
      throw spec.ready === 'ipc' && outcome.code === 2
        ? new AppError('CHILD_REFUSED', 'user', message, { ...options, exitCode: 2 })
        : new AppError('CHILD_FAILED', 'system', message, options);
    }
    void exit.then(({ how }) => this.revive(child, how, Date.now() - began));
  }

  /** Starts a child again and again until it is ready, unless it was meant to end. */
  private async revive(child: Child, how: string, livedMs: number): Promise<void> {
    if (livedMs > WELL_AFTER_MS) child.failures = 0;
    while (!child.stopping) {
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** child.failures++);
      const { name } = child.spec;
      this.changed();
      this.emit('event', {
        type: 'child.exited',
        name,
        how,
        restartInMs: pause,
        lastLines: this.lastWords(child, 3),
      });
      await sleep(pause);
      if (child.stopping) return;
      try {
        await this.launch(child);
        this.emit('event', { type: 'child.restarted', name, pid: child.id?.pid ?? 0 });
        return;
      } catch (error) {
        how = (error as Error).message;
        if (child.id) await stopProcesses([child.id], child.spec.graceMs ?? 5000);
      }
    }
  }

  /** Tells that the set of processes changed. Whoever can't take it in must not keep the children from running or ending. */
  private changed(): void {
    try {
      this.emit('change');
      this.changeLost = false;
    } catch (error) {
      if (!this.changeLost) this.emit('event', { type: 'change.lost', reason: messageOf(error) });
      this.changeLost = true;
    }
  }

  /** What the latest run of a child wrote last. */
  private lastWords({ spec, logFrom }: Child, count: number): string[] {
    return lastLines(this.logFile(spec.name), count, logFrom);
  }
}

function howItEnds(running: ChildProcess): Promise<{ how: string; code: number | null }> {
  return new Promise((resolve) => {
    running.once('error', (error: NodeJS.ErrnoException) => resolve({ how: error.code ?? error.message, code: null }));
    running.once('exit', (code, signal) =>
      resolve({ how: signal ? `killed by ${signal}` : `exit code ${code}`, code }),
    );
  });
}

/** Our own commands send `{ready: …}` first (`reportReady`). */
async function saysReady(running: ChildProcess): Promise<void> {
  await once(running, 'message');
}
