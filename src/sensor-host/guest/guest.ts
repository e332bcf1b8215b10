/**
 * One running instance of a module. Where the module waits (a sleep, a request) Asyncify unwinds its stack into its own
 * memory, and the event loop continues with other guests. Later the stack is rewound and the call returns.
 */
import type { HostList } from '../../lib/net/host-list.js';
import type { RegionLink } from '../region-link.js';
import { Delivery } from './delivery.js';
import { GuestMemory } from './guest-memory.js';
import type { Closeable, HostClock } from './host-clock.js';
import { type HttpArguments, RESULT, readRequest, writeAnswer } from './http-request.js';
import type { HttpAnswer, HttpRequest } from './transport.js';
import { exitOf, type GuestExit, linesOf, type ProgramOptions, type RunningGuest, WasiGuest } from './wasi-guest.js';

interface Exports {
  memory: WebAssembly.Memory;
  _start(): void;
  asyncify_start_unwind(buffer: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(buffer: number): void;
  asyncify_stop_rewind(): void;
  asyncify_buffer_start: WebAssembly.Global;
  asyncify_buffer_end: WebAssembly.Global;
}

/** What the host gives all its guests. */
export interface GuestEnvironment {
  readonly clock: HostClock;
  /** Sets the guest that the shared imports serve from now on. */
  setCurrent(guest: Guest): void;
  exited(guest: RunningGuest, exit: GuestExit): void;
}

/** The network of a guest. */
export interface GuestPlace {
  link: RegionLink;
  allowed: HostList;
}

/** What a guest waits for: milliseconds, or a request and the arguments that say where its answer goes. */
type Wait = number | { request: HttpRequest; args: HttpArguments };

export class Guest extends WasiGuest implements RunningGuest {
  exit: GuestExit | undefined;
  #exports!: Exports;
  #bufferStart = 0;
  #bufferEnd = 0;
  #rewinding = false;
  #result = 0;
  #wait: Wait | undefined;
  #inProgress: Closeable | undefined;
  #args: HttpArguments = [];
  readonly #delivery = new Delivery();
  #isRetiring = false;
  /** When its sleep ends, by the host's clock. */
  #wakesAt = 0;

  constructor(
    private readonly host: GuestEnvironment,
    private readonly place: GuestPlace,
    program: ProgramOptions,
  ) {
    super(program);
  }

  /** Runs the entry point until it first waits. */
  start(instance: WebAssembly.Instance): void {
    this.#exports = instance.exports as unknown as Exports;
    this.memory = new GuestMemory(this.#exports.memory);
    this.#bufferStart = this.#exports.asyncify_buffer_start.value as number;
    this.#bufferEnd = this.#exports.asyncify_buffer_end.value as number;
    this.#enter();
  }

  /** Stops the guest now: what it waits for is cancelled and it never runs again. */
  stop(): void {
    this.#finish({ kind: 'stopped' });
  }

  retire(): void {
    this.#isRetiring = true;
    // What is overdue, because this process was busy, is taken and delivered first.
    if (this.#delivery.isDone && this.host.clock.monotonic() < this.#wakesAt) this.stop();
  }

  get isBehind(): boolean {
    return this.#delivery.isBehind(this.host.clock.monotonic());
  }

  get hasDelivered(): boolean {
    return this.#delivery.hasSucceeded;
  }

  get lastLines(): readonly string[] {
    return linesOf(this.output.text);
  }

  get returning(): boolean {
    return this.#rewinding;
  }

  sleep(ms: number): number {
    return this.#suspend(ms);
  }

  fetch(args: HttpArguments): number {
    const request = readRequest(this.memory, args);
    if (typeof request === 'number') return request;
    return this.#suspend({ request: { ...request, allowed: this.place.allowed }, args });
  }

  #suspend(wait: Wait): number {
    const start = this.#bufferStart;
    // Asyncify's struct: where the stack grows, and where it must end.
    this.memory.view.setUint32(start, start + 8, true);
    this.memory.view.setUint32(start + 4, this.#bufferEnd, true);
    this.#exports.asyncify_start_unwind(start);
    this.#wait = wait;
    return RESULT.ok;
  }

  rewound(): number {
    this.#exports.asyncify_stop_rewind();
    this.#rewinding = false;
    return this.#result;
  }

  // Made once for each guest: a sleep or a request costs no closures.
  readonly #wake = (): void => this.#resume(RESULT.ok);
  readonly #answered = (answer: HttpAnswer): void => {
    this.#delivery.answered(answer);
    this.#resume(writeAnswer(this.memory, this.#args, answer));
  };

  #resume(result: number): void {
    this.#inProgress = undefined;
    if (this.exit !== undefined) return;
    this.#result = result;
    this.#rewinding = true;
    this.#exports.asyncify_start_rewind(this.#bufferStart);
    this.#enter();
  }

  #enter(): void {
    this.host.setCurrent(this);
    try {
      this.#exports._start();
    } catch (error) {
      this.#finish(exitOf(error));
      return;
    }
    const wait = this.#wait;
    if (wait === undefined) {
      this.#finish({ kind: 'returned' });
      return;
    }
    this.#wait = undefined;
    this.#exports.asyncify_stop_unwind();
    if (typeof wait === 'number') {
      if (this.#isRetiring && this.#delivery.isDone) this.stop();
      else {
        this.#wakesAt = this.host.clock.monotonic() + wait;
        this.#inProgress = this.host.clock.after(wait, this.#wake);
      }
    } else {
      this.#args = wait.args;
      this.#delivery.asked(this.host.clock.monotonic());
      this.#inProgress = this.place.link.send(wait.request, this.#answered);
    }
  }

  #finish(exit: GuestExit): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.#inProgress?.close();
    this.files.closeAll();
    this.host.exited(this, exit);
  }
}
