/**
 * One running instance of a module without Asyncify, in a thread of its own: it blocks where it waits. Its requests are
 * made here, over the link of its region, as those of all other guests.
 */
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../lib/errors/app-error.js';
import type { HostList } from '../../lib/net/host-list.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { RegionLink } from '../region-link.js';
import type { GuestEnvironment } from './guest.js';
import type { Mount } from './guest-files.js';
import type { Closeable } from './host-clock.js';
import { type FromThread, type SentRequest, SharedState, type ThreadStart, type ToThread } from './thread-messages.js';
import type { GuestExit, RunningGuest } from './wasi-guest.js';

/** The built file: threads do not load TypeScript. */
const THREAD_MAIN = `${packageRoot}dist/sensor-host/guest/thread-main.js`;
/** Of JavaScript, in megabytes; the module's own memory is limited by its maximum. */
const HEAP_MB = 32;
const YOUNG_HEAP_MB = 2;

type ThreadHost = Pick<GuestEnvironment, 'transport' | 'stats' | 'exited'>;

interface ThreadOptions {
  link: RegionLink;
  allowed: HostList;
  module: WebAssembly.Module;
  args: string[];
  env: Record<string, string>;
  mounts: Mount[];
}

export class ThreadGuest implements RunningGuest {
  exit: GuestExit | undefined;
  readonly #host: ThreadHost;
  readonly #link: RegionLink;
  readonly #allowed: HostList;
  readonly #state = new SharedState();
  readonly #worker: Worker;
  #inProgress: Closeable | undefined;

  constructor(host: ThreadHost, { link, allowed, ...program }: ThreadOptions) {
    this.#host = host;
    this.#link = link;
    this.#allowed = allowed;
    this.#worker = new Worker(THREAD_MAIN, {
      workerData: { ...program, shared: this.#state.buffer } satisfies ThreadStart,
      // Nothing of this process is the guest's.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.#worker.on('message', (message: FromThread) => {
      if ('exit' in message) this.#finish(message.exit);
      else if (this.exit === undefined) this.#send(message.request);
    });
    this.#worker.on('error', (error) => this.#finish({ kind: 'trap', message: messageOf(error) }));
    this.#worker.on('exit', () => this.#finish({ kind: 'trap', message: 'its thread ended' }));
  }

  /** The last one may be incomplete. */
  get lastLines(): string[] {
    return this.#state.output.split('\n').filter((line) => line !== '');
  }

  get lastLine(): string {
    return this.lastLines.at(-1) ?? '';
  }

  /** Stops the guest now, also in the middle of a loop: nothing is sent after this call. */
  stop(): void {
    this.#finish({ kind: 'stopped' });
  }

  /** Resolves when the thread has ended. */
  async ended(): Promise<void> {
    await this.#worker.terminate();
  }

  #send({ url, body, ...request }: SentRequest): void {
    this.#host.stats.requests++;
    const whole = {
      ...request,
      url: new URL(url),
      body: body === undefined ? undefined : Buffer.from(body),
      allowed: this.#allowed,
    };
    this.#inProgress = this.#link.send(this.#host.transport, whole, (answer: ToThread) => {
      this.#inProgress = undefined;
      this.#worker.postMessage(answer);
      this.#state.wake();
    });
  }

  #finish(exit: GuestExit): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.#inProgress?.close();
    void this.#worker.terminate();
    this.#host.exited(this, exit);
  }
}
