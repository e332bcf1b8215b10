/**
 * One running instance of a module without Asyncify, in a thread of its own: it blocks where it waits. Its requests are
 * made here, over the link of its region, as those of all other guests.
 */
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../lib/errors/app-error.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { Mount } from '../host-schemas.js';
import type { Delivery } from './delivery.js';
import type { GuestEnvironment } from './guest.js';
import type { Closeable } from './host-clock.js';
import type { HttpRequest } from './transport.js';
import { type GuestExit, linesOf, type RunningGuest } from './wasi-guest.js';

/** Given to the thread when it starts. */
export interface ThreadStart {
  module: WebAssembly.Module;
  args: string[];
  env: Record<string, string>;
  mounts: Mount[];
  /** Memory that both see: it is there also when the thread was ended in the middle of a loop. */
  shared: {
    /** First 1 when an answer is there, for which the thread waits; then the length of the output. */
    state: Int32Array;
    /** The guest's recent output in UTF-8; what does not fit is left out. */
    output: Uint8Array;
  };
}

/** What the thread sends: a request, to which it gets an `HttpAnswer`; or how its guest has exited. */
export type FromThread = { request: Omit<HttpRequest, 'url' | 'allowed'> & { url: string } } | { exit: GuestExit };

/** The built file: threads do not load TypeScript. */
const THREAD_MAIN = `${packageRoot}dist/sensor-host/guest/thread-main.js`;
/** Of JavaScript, in megabytes; the module's own memory is limited by its maximum. */
const HEAP_MB = 32;
const YOUNG_HEAP_MB = 2;
/** Longer than what a guest's recent output has. */
const OUTPUT_BYTES = 16 * 1024;

const RETIRE_CHECK_MS = 100;

export class ThreadGuest implements RunningGuest {
  exit: GuestExit | undefined;
  readonly #shared: ThreadStart['shared'] = {
    state: new Int32Array(new SharedArrayBuffer(8)),
    output: new Uint8Array(new SharedArrayBuffer(OUTPUT_BYTES)),
  };
  readonly #worker: Worker;
  #inProgress: Closeable | undefined;
  #idleChecks = 0;

  constructor(
    private readonly host: Pick<GuestEnvironment, 'exited'>,
    readonly delivery: Delivery,
    program: Omit<ThreadStart, 'shared'>,
  ) {
    this.#worker = new Worker(THREAD_MAIN, {
      workerData: { ...program, shared: this.#shared } satisfies ThreadStart,
      // Nothing of this process is the guest's.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.#worker.on('message', (message: FromThread) => {
      if ('exit' in message) this.#finish(message.exit);
      else if (this.exit === undefined) this.#send({ ...message.request, url: new URL(message.request.url) });
    });
    this.#worker.on('error', (error) => this.#finish({ kind: 'trap', message: messageOf(error) }));
    this.#worker.on('exit', () => this.#finish({ kind: 'trap', message: 'its thread ended' }));
  }

  get lastLines(): string[] {
    const { state, output } = this.#shared;
    return linesOf(Buffer.from(output.slice(0, state[1])).toString());
  }

  /** Stops the guest now, also in the middle of a loop: nothing is sent after this call. */
  stop(): void {
    this.#finish({ kind: 'stopped' });
  }

  /** What it does between two requests can't be seen: it has delivered when it has made none for a moment. */
  retire(): void {
    if (this.exit !== undefined) return;
    this.#idleChecks = this.delivery.isDone ? this.#idleChecks + 1 : 0;
    if (this.#idleChecks > 1) this.stop();
    else setTimeout(() => this.retire(), RETIRE_CHECK_MS).unref();
  }

  async ended(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(request: Omit<HttpRequest, 'allowed'>): void {
    this.#inProgress = this.delivery.send(request, (answer) => {
      this.#inProgress = undefined;
      this.#worker.postMessage(answer);
      Atomics.store(this.#shared.state, 0, 1);
      Atomics.notify(this.#shared.state, 0);
    });
  }

  #finish(exit: GuestExit): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.#inProgress?.close();
    void this.#worker.terminate();
    this.host.exited(this, exit);
  }
}
