/**
 * Runs child processes and keeps them running: each starts with its output in a log file, is waited for until it is ready,
 * is restarted with a growing pause when it exits by itself, is killed and restarted when it hangs, and is stopped together
 * with the others. Children do not outlive this process, however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../errors/app-error.js';
import { parseLogLine } from '../log/log-line.js';
import { watchForHang } from './hang-watch.js';
import { lastLines, openLog } from './log-file.js';
import { identify, type ProcessId, signalAll, stopProcesses } from './process-id.js';
import { Reaper } from './reaper.js';

export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  cwd?: string;
  /** On top of this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  /**
   * How readiness is known. `ipc`: the child is a command of this program and reports it (`reportReady`). A function:
   * resolves when the child is ready; its signal is aborted when the child exits.
   */
  ready: 'ipc' | ((signal: AbortSignal) => Promise<void>);
  /**
   * Asks another program whether it is alive; settles when it answers or can't be asked (`hang-watch.ts`). Commands of this
   * program answer on their channel.
   */
  ask?: (signal: AbortSignal) => Promise<unknown>;
  /** After so long without an answer it is killed and restarted; 10 s by default. */
  hungAfterMs?: number;
  /** 20 s by default. */
  readyTimeoutMs?: number;
  /** A start that fails is tried again until the child is ready or stopped, as a restart is. */
  keepsTrying?: true;
  /** Time between SIGTERM and SIGKILL; 5 s by default. */
  graceMs?: number;
}

export type ChildEvent =
  | { type: 'child.ready'; name: string; pid: number; afterMs: number }
  /** One of our own commands says something that its operator should see (`reportWarning`). */
  | { type: 'child.warned'; name: string; text: string }
  /** It is not ready yet, because of work that it has announced (`shutdown.ts`); it is waited for. */
  | { type: 'child.slow'; name: string; afterMs: number }
  /** It has not answered for so long, and is killed. */
  | { type: 'child.hung'; name: string; silentMs: number }
  | { type: 'child.exited'; name: string; how: string; restartInMs: number; lastLines: string[] }
  | { type: 'child.restarted'; name: string; pid: number }
  /** A listener of `change` failed, such as on a full disk. */
  | { type: 'change.lost'; reason: string };

/** After a run of this length the pauses start again with the shortest. */
const HEALTHY_AFTER_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const READY_TIMEOUT_MS = 20_000;
const GRACE_MS = 5_000;
/** Longer than a busy child on a loaded machine is silent; with the restart it is less than 15 s. */
const HUNG_AFTER_MS = 10_000;

interface Child {
  spec: ChildSpec;
  id: ProcessId | undefined;
  failures: number;
  /** Where the output of its latest run begins in its log, in bytes. */
  logFrom: number;
  /** Until then it may be silent, by its own word (`shutdown.ts`); milliseconds of the monotonic clock. */
  busyUntil: number;
  stopping: boolean;
}

/** What one of our own commands reports (`shutdown.ts`). */
interface ChildReport {
  ready?: unknown;
  warning?: string;
  busyForMs?: number;
}

/** How a run of a child exited, or why it never started. */
interface Exit {
  how: string;
  code?: number | null;
}

/** Emits `event` with a {@link ChildEvent}, and `change` when the set of processes changes. */
export class Supervisor extends EventEmitter<{ event: [ChildEvent]; change: [] }> {
  readonly #children = new Map<string, Child>();
  readonly #adopted = new Set<ProcessId>();
  readonly #reaper = new Reaper();
  #closed = false;
  #changed: NodeJS.Immediate | undefined;

  /** @param envOf variables for every child, by its name */
  constructor(
    private readonly logDir: string,
    private readonly envOf: (name: string) => Record<string, string> = () => ({}),
  ) {
    super();
    mkdirSync(logDir, { recursive: true, mode: 0o700 });
  }

  logFile(name: string): string {
    return join(this.logDir, `${name}.log`);
  }

  get running(): ProcessId[] {
    return [...[...this.#children.values()].flatMap((child) => child.id ?? []), ...this.#adopted];
  }

  /** Counts a process that its caller waits for among {@link running}; call the result when it has exited. */
  adopt(name: string, pid: number): () => void {
    const id = identify(name, pid);
    if (!id) return () => {};
    this.#adopted.add(id);
    this.#reportChange();
    return () => {
      this.#adopted.delete(id);
      this.#reportChange();
    };
  }

  /**
   * Starts a child; resolves when it is ready. Rejects with `CHILD_FAILED`, or with `CHILD_REFUSED` when one of our own
   * commands refuses its options or settings; both have the last lines of its log.
   */
  async start(spec: ChildSpec): Promise<void> {
    if (this.#closed) throw new Error(`${spec.name} is not started: everything stops`);
    const child: Child = { spec, id: undefined, failures: 0, logFrom: 0, busyUntil: 0, stopping: false };
    this.#children.set(spec.name, child);
    const began = Date.now();
    try {
      await this.#launch(child);
    } catch (error) {
      if (!spec.keepsTrying) {
        await this.stop([spec.name]);
        throw error;
      }
      await kill(child);
      await this.#restart(child, messageOf(error), 0);
      if (child.stopping) throw error;
    }
    this.emit('event', { type: 'child.ready', name: spec.name, pid: child.id?.pid ?? 0, afterMs: Date.now() - began });
  }

  /** After this call no child can be started. */
  close(): void {
    this.#closed = true;
  }

  /** Stops these children, all at the same time, and forgets them; unknown names are ignored. */
  async stop(names: string[]): Promise<void> {
    const leaving = names.flatMap((name) => this.#children.get(name) ?? []);
    for (const child of leaving) {
      child.stopping = true;
      this.#children.delete(child.spec.name);
    }
    await Promise.all(leaving.map(kill));
    this.#reportChange();
    if (this.#children.size === 0) this.#reaper.end();
  }

  async #launch(child: Child): Promise<void> {
    const { spec } = child;
    const running = this.#spawn(child);
    const began = Date.now();
    const id = running.pid === undefined ? undefined : identify(spec.name, running.pid);
    child.id = id;
    this.#reportChange();
    const exited = new AbortController();
    const exit = exitOf(running).then((result) => {
      exited.abort();
      // A killed process whose memory is still being freed is told of late, when the next one runs.
      if (child.id === id) child.id = undefined;
      return result;
    });
    if (child.stopping) running.kill('SIGKILL');
    const ready = spec.ready === 'ipc' ? this.#listen(child, running) : spec.ready(exited.signal);
    ready.catch(() => {});
    const timeoutMs = spec.readyTimeoutMs ?? READY_TIMEOUT_MS;
    const late: Exit = { how: `not ready after ${timeoutMs / 1000} s` };
    let waits = true;
    const outcome = await Promise.race([
      ready.then(() => 'ready' as const),
      exit,
      this.#tooLate(child, timeoutMs, () => waits).then(() => late),
    ]);
    waits = false;
    if (outcome !== 'ready') throw this.#failure(child, outcome);
    this.#watch(child, running, exited.signal);
    void exit.then(({ how }) => this.#restart(child, how, Date.now() - began));
  }

  /** Resolves when a child that is not ready yet has had its time, and is not at long work either. */
  async #tooLate(child: Child, timeoutMs: number, waits: () => boolean): Promise<void> {
    await sleep(timeoutMs, undefined, { ref: false });
    const isBusy = () => waits() && performance.now() < child.busyUntil;
    if (isBusy()) this.emit('event', { type: 'child.slow', name: child.spec.name, afterMs: timeoutMs });
    while (isBusy()) await sleep(1000, undefined, { ref: false });
  }

  /** Hears what one of our own commands reports; resolves when it is ready. */
  #listen(child: Child, running: ChildProcess): Promise<void> {
    child.busyUntil = 0;
    return new Promise((resolve) => {
      running.on('message', ({ ready, warning, busyForMs }: ChildReport) => {
        if (ready !== undefined) resolve();
        if (warning !== undefined) this.emit('event', { type: 'child.warned', name: child.spec.name, text: warning });
        if (busyForMs !== undefined) child.busyUntil = performance.now() + busyForMs;
      });
    });
  }

  /** Kills a run of a child that hangs; its exit is then followed by a restart. */
  #watch(child: Child, running: ChildProcess, exited: AbortSignal): void {
    const { name, ready, hungAfterMs = HUNG_AFTER_MS } = child.spec;
    const ask = ready === 'ipc' ? (signal: AbortSignal) => ping(running, signal) : child.spec.ask;
    if (!ask) return;
    const onHung = () => {
      if (child.stopping || !child.id) return;
      this.emit('event', { type: 'child.hung', name, silentMs: hungAfterMs });
      signalAll([child.id], 'SIGKILL');
    };
    const isBusy = () => performance.now() < child.busyUntil;
    watchForHang({ ask, hungAfterMs, isBusy, onHung }, exited);
  }

  #spawn(child: Child): ChildProcess {
    const { command, args, env, cwd, name, ready } = child.spec;
    const log = openLog(this.logFile(name));
    child.logFrom = log.from;
    const started = spawn(command, args, {
      env: { ...process.env, ...env, ...this.envOf(name) },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['ignore', log.fd, log.fd, ...(ready === 'ipc' ? (['ipc'] as const) : [])],
      // In its own process group a Ctrl-C of the terminal does not reach it: children are stopped in order.
      detached: true,
    });
    closeSync(log.fd);
    return started;
  }

  #failure(child: Child, { how, code }: Exit): AppError {
    const { name, ready } = child.spec;
    // Exit code 2 of another program may mean anything.
    const errorCode = ready === 'ipc' && code === 2 ? 'CHILD_REFUSED' : 'CHILD_FAILED';
    return new AppError(errorCode, `${name} did not start: ${how}`, {
      hint: `Its log is ${this.logFile(name)}.`,
      details: this.#lastLines(child, 10),
    });
  }

  /** Restarts a child that exited until it is ready or stopped. */
  async #restart(child: Child, reason: string, ranMs: number): Promise<void> {
    const { name } = child.spec;
    let how = reason;
    if (ranMs > HEALTHY_AFTER_MS) child.failures = 0;
    while (!child.stopping) {
      const restartInMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** child.failures);
      child.failures++;
      this.#reportChange();
      this.emit('event', { type: 'child.exited', name, how, restartInMs, lastLines: this.#lastLines(child, 3) });
      await sleep(restartInMs);
      if (child.stopping) return;
      try {
        await this.#launch(child);
        this.emit('event', { type: 'child.restarted', name, pid: child.id?.pid ?? 0 });
        return;
      } catch (error) {
        how = (error as Error).message;
        await kill(child);
      }
    }
  }

  /** Emits `change` for all changes of a moment at once. The one who hears it writes a file durably, which takes a while. */
  #reportChange(): void {
    const isOfOthers = this.#adopted.size > 0 || [...this.#children.values()].some(({ spec }) => spec.ready !== 'ipc');
    if (isOfOthers) this.#reaper.protect(this.running);
    this.#changed ??= setImmediate(() => {
      this.#changed = undefined;
      try {
        this.emit('change');
      } catch (error) {
        // The children run and stop all the same.
        this.emit('event', { type: 'change.lost', reason: messageOf(error) });
      }
    });
  }

  /** What the last lines say that the latest run of a child wrote. */
  #lastLines({ spec, logFrom }: Child, count: number): string[] {
    return lastLines(this.logFile(spec.name), count, logFrom).map((line) => parseLogLine(line, 0).text);
  }
}

async function kill({ id, spec }: Child): Promise<void> {
  await stopProcesses(id ? [id] : [], spec.graceMs ?? GRACE_MS);
}

/** Asks a command of this program, which answers in `shutdown.ts`. */
async function ping(child: ChildProcess, signal: AbortSignal): Promise<void> {
  // One that closes its channel is about to exit.
  if (!child.connected) return;
  const answer = once(child, 'message', { signal });
  child.send({ ping: true }, () => {});
  await answer;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve({ how: code ?? message }));
    child.once('exit', (code, signal) => resolve({ how: signal ? `killed by ${signal}` : `exit code ${code}`, code }));
  });
}
