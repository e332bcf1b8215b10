/**
 * Runs modules that are not ours, each job of them in a process of its own: it can stop or crash that process, and nothing
 * else. Ours are what this package has built, `publisher` and `config-updater`; what a module exports says nothing about
 * who made it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { AppError } from '../../lib/errors/app-error.js';
import { knownCode } from '../../lib/errors/codes.js';
import type { HttpError } from '../../lib/errors/http-error.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { Delivered, GuestExit } from '../guest/wasi-guest.js';
import { type ExitListener, type GuestSpec, type HostCounts, type Runner, sumOfCounts } from '../sensor-host.js';

/** The first message to the process. */
export interface Opening {
  /** Path of the module. */
  module: string;
  /** Hosts that its guests may reach. */
  allow: readonly string[];
  /** PEM of a private certificate authority that signed the proxy's certificate. */
  ca?: string | undefined;
}

export type ToForeign =
  | { open: Opening }
  | { start: number; spec: Omit<GuestSpec, 'allowed'> }
  | { stop: number }
  | { retire: number }
  | { region: string; connected: boolean; onSite?: string | undefined };

export type FromForeign =
  /** `threads`: each of its guests has a thread. */
  | { opened: { threads: boolean } }
  | { failed: HttpError }
  | { ended: number; exit: GuestExit; lastLine: string }
  | ({ changed: number } & Delivered)
  | { refused: string }
  | { counts: HostCounts };

/** A thread takes about 10 MB of memory, and its guest what it uses. */
const MAX_THREADS = 100;
/** The built file: processes do not load TypeScript. */
const FOREIGN_MAIN = `${packageRoot}dist/sensor-host/foreign/foreign-main.js`;
/** Of JavaScript: for some 10,000 guests that share a thread. */
const HEAP_MB = 512;
/** Tokens, keys and credentials: nothing that a guest could find in the memory of its process. */
const SECRETS = /^(WASM_SENSORS|SENSOR|AWS)_/;
/** Of what the process writes to stderr: enough for the line that says why it ended, as V8 and `foreign-watch.ts` write it. */
const MAX_STDERR = 16 * 1024;
const FATAL = /^FATAL ERROR: (.*)$/m;

export interface ForeignHostOptions {
  /** PEM of a private certificate authority that signed the proxy's certificate. */
  ca?: string | undefined;
  /** Of Node, for as many guests as a process may have. */
  nodeArgs?: string[];
  /** For tests: guests with a thread of their own at the same time. */
  maxThreads?: number;
}

export class ForeignHost {
  readonly #processes = new Set<ForeignProcess>();
  /** By region: what its guests reach while it is cut. */
  readonly #cut = new Map<string, string | undefined>();
  /** Of processes that have ended. */
  #past: HostCounts = sumOfCounts([]);

  constructor(private readonly options: ForeignHostOptions = {}) {}

  /**
   * Starts a process for a job; resolves when its module can be started. Rejects as `loadModule` does, and with
   * `MODULE_FAILED`. `onRefused`: a guest asked for a host that it may not reach.
   */
  async open({ module, allow }: Omit<Opening, 'ca'>, onRefused: (host: string) => void): Promise<Runner> {
    const { ca, nodeArgs = [], maxThreads = MAX_THREADS } = this.options;
    const foreign = new ForeignProcess(nodeArgs, onRefused, () => {
      if (this.#processes.delete(foreign)) this.#past = sumOfCounts([this.#past, foreign.counts]);
    });
    this.#processes.add(foreign);
    foreign.tell({ open: { module, allow, ca } });
    for (const [region, onSite] of this.#cut) foreign.tell({ region, connected: false, onSite });
    await foreign.opened;
    return {
      start: (spec, onExit) => {
        if (foreign.threads && this.#threads >= maxThreads) throw threadsFull(this.#threads);
        return foreign.start(spec, onExit);
      },
      close: () => foreign.close(),
    };
  }

  get #threads(): number {
    return [...this.#processes].reduce((sum, { threads, counts }) => sum + (threads ? counts.running : 0), 0);
  }

  setLink(region: string, connected: boolean, onSite?: string): void {
    if (connected) this.#cut.delete(region);
    else this.#cut.set(region, onSite);
    for (const foreign of this.#processes) foreign.tell({ region, connected, onSite });
  }

  stats(): HostCounts {
    return sumOfCounts([this.#past, ...[...this.#processes].map(({ counts }) => counts)]);
  }

  close(): void {
    for (const foreign of this.#processes) foreign.close();
  }
}

/** The process of one foreign module. */
class ForeignProcess {
  /** Resolves when the module can be started. */
  readonly opened: Promise<void>;
  /** Each of its guests has a thread. */
  threads = false;
  readonly #child: ChildProcess;
  readonly #guests = new Map<number, { onExit: ExitListener; delivery: Delivered }>();
  #counts: HostCounts = sumOfCounts([]);
  #nextId = 1;
  #stderr = '';
  #settle!: { resolve(): void; reject(error: AppError): void };

  constructor(
    nodeArgs: string[],
    private readonly onRefused: (host: string) => void,
    private readonly onGone: () => void,
  ) {
    this.#child = fork(FOREIGN_MAIN, [], {
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !SECRETS.test(name))),
      execArgv: [`--max-old-space-size=${HEAP_MB}`, ...nodeArgs],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.opened = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#child.on('message', (message: FromForeign) => this.#hear(message));
    this.#child.on('error', ({ message }) => this.#gone(message));
    this.#child.on('close', (code, signal) =>
      this.#gone(FATAL.exec(this.#stderr)?.[1]?.trim() ?? signal ?? `exit code ${code}`),
    );
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, MAX_STDERR);
    });
  }

  get counts(): HostCounts {
    return { ...this.#counts, running: this.#guests.size };
  }

  start(spec: GuestSpec, onExit: ExitListener): ReturnType<Runner['start']> {
    const id = this.#nextId++;
    const delivery: Delivered = { isBehind: false, hasDelivered: false };
    this.#guests.set(id, { onExit, delivery });
    this.tell({ start: id, spec });
    return {
      delivery,
      retire: () => this.tell({ retire: id }),
      stop: () => {
        this.tell({ stop: id });
        this.#end(id, { kind: 'stopped' }, '');
      },
    };
  }

  /** Ends it at once, with all its guests. */
  close(): void {
    this.#child.kill('SIGKILL');
    for (const id of [...this.#guests.keys()]) this.#end(id, { kind: 'stopped' }, '');
  }

  tell(message: ToForeign): void {
    // One that is gone is reported by its exit.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #hear(message: FromForeign): void {
    if ('opened' in message) {
      this.threads = message.opened.threads;
      this.#settle.resolve();
    } else if ('failed' in message) {
      const { code, message: why, hint } = message.failed;
      this.#settle.reject(new AppError(knownCode(code, 'INTERNAL'), why, { hint }));
      this.close();
    } else if ('ended' in message) this.#end(message.ended, message.exit, message.lastLine);
    else if ('changed' in message) Object.assign(this.#guests.get(message.changed)?.delivery ?? {}, message);
    else if ('refused' in message) this.onRefused(message.refused);
    else this.#counts = message.counts;
  }

  #end(id: number, ...outcome: Parameters<ExitListener>): void {
    const guest = this.#guests.get(id);
    this.#guests.delete(id);
    guest?.onExit(...outcome);
  }

  #gone(why: string): void {
    const message = `its process ended: ${why}`;
    this.#settle.reject(new AppError('MODULE_FAILED', message));
    for (const id of [...this.#guests.keys()]) this.#end(id, { kind: 'trap', message }, '');
    this.close();
    this.onGone();
  }
}

const threadsFull = (running: number): AppError =>
  new AppError('HOST_FULL', `the sensor host can't hold more than ${running} modules that need a thread each`, {
    hint: 'Use fewer nodes (`up --nodes`), or one region (--region). Modules that are built on our library share one thread.',
  });
