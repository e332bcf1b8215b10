/** The process of one foreign module, seen from the sensor host. */
import { type ChildProcess, fork } from 'node:child_process';
import { AppError } from '../../lib/errors/app-error.js';
import { errorFromAnswer, httpErrorBody } from '../../lib/errors/http-error.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { ExitListener, GuestSpec, HostCounts } from '../sensor-host.js';
import { FATAL, type FromForeign, type Opening, type ToForeign } from './foreign-messages.js';

/** The built file: processes do not load TypeScript. */
const FOREIGN_MAIN = `${packageRoot}dist/sensor-host/foreign/foreign-main.js`;
/** Of JavaScript: for some 10,000 guests that share a thread. */
const HEAP_MB = 512;
/** To compile the largest module on a busy machine. */
const OPEN_MS = 60_000;
/** Tokens, keys and credentials: nothing that a guest could find in the memory of its process. */
const SECRETS = /^(WASM_SENSORS|SENSOR|AWS)_/;
/** Of what the process writes to stderr: enough for the line that says why it ended. */
const MAX_STDERR = 16 * 1024;

export interface ForeignListener {
  /** A guest asked for a host that it may not reach. */
  onRefused(host: string): void;
  onGone(foreign: ForeignProcess): void;
}

export class ForeignProcess {
  counts: HostCounts = { running: 0, requests: 0, results: {} };
  /** Each of its guests has a thread. */
  threads = false;
  readonly #child: ChildProcess;
  readonly #listener: ForeignListener;
  readonly #guests = new Map<number, ExitListener>();
  #nextId = 1;
  #stderr = '';
  #opened!: { resolve(process: ForeignProcess): void; reject(error: AppError): void };

  private constructor(listener: ForeignListener, nodeArgs: string[]) {
    this.#listener = listener;
    this.#child = fork(FOREIGN_MAIN, [], {
      env: withoutSecrets(process.env),
      execArgv: [`--max-old-space-size=${HEAP_MB}`, ...nodeArgs],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.on('message', (message: FromForeign) => this.#hear(message));
    this.#child.on('error', ({ message }) => this.#gone(message));
    this.#child.on('close', (code, signal) => this.#gone(this.#fatal() ?? signal ?? `exit code ${code}`));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, MAX_STDERR);
    });
  }

  /** Resolves when the module can be started. Rejects as `loadModule` does, and with `MODULE_FAILED`. */
  static async open(opening: Opening, listener: ForeignListener, nodeArgs: string[]): Promise<ForeignProcess> {
    const foreign = new ForeignProcess(listener, nodeArgs);
    const late = setTimeout(() => foreign.#gone(`not compiled after ${OPEN_MS / 1000} s`), OPEN_MS);
    try {
      return await new Promise<ForeignProcess>((resolve, reject) => {
        foreign.#opened = { resolve, reject };
        foreign.#tell({ open: opening });
      });
    } catch (error) {
      foreign.close();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  get running(): number {
    return this.#guests.size;
  }

  start(spec: GuestSpec, onExit: ExitListener): { stop(): void } {
    const id = this.#nextId++;
    this.#guests.set(id, onExit);
    this.#tell({ start: id, spec });
    return {
      stop: () => {
        this.#tell({ stop: id });
        this.#end(id, { kind: 'stopped' }, '');
      },
    };
  }

  setLink(region: string, connected: boolean): void {
    this.#tell({ region, connected });
  }

  /** Ends it at once, with all its guests. */
  close(): void {
    this.#child.kill('SIGKILL');
    for (const id of [...this.#guests.keys()]) this.#end(id, { kind: 'stopped' }, '');
  }

  #tell(message: ToForeign): void {
    // One that is gone is reported by its exit.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #hear(message: FromForeign): void {
    if ('opened' in message) {
      this.threads = message.opened.threads;
      this.#opened.resolve(this);
    } else if ('failed' in message) {
      this.#opened.reject(errorFromAnswer(httpErrorBody(message.failed), 'INTERNAL', message.failed.message));
    } else if ('ended' in message) this.#end(message.ended, message.exit, message.lastLine);
    else if ('refused' in message) this.#listener.onRefused(message.refused);
    else this.counts = message.counts;
  }

  #end(id: number, ...outcome: Parameters<ExitListener>): void {
    const onExit = this.#guests.get(id);
    this.#guests.delete(id);
    onExit?.(...outcome);
  }

  #gone(why: string): void {
    const message = `its process ended: ${why}`;
    this.#opened.reject(new AppError('MODULE_FAILED', message));
    for (const id of [...this.#guests.keys()]) this.#end(id, { kind: 'trap', message }, '');
    this.close();
    this.#listener.onGone(this);
  }

  /** Why it ended, in its own words. */
  #fatal(): string | undefined {
    const line = this.#stderr.split('\n').find((one) => one.startsWith(FATAL));
    return line?.slice(FATAL.length).trim();
  }
}

const withoutSecrets = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.test(name)));
