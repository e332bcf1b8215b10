/**
 * One running instance of a module. Where the module waits (a sleep, a request) Asyncify unwinds its stack into its own
 * memory, and the event loop continues with other guests. Later the stack is rewound and the call returns.
 */
import type { Delivery } from './delivery.js';
import { GuestMemory } from './guest-memory.js';
import type { Closeable, HostClock } from './host-clock.js';
import { type HttpArguments, RESULT, readRequest, writeAnswer } from './http-request.js';
import { exitOf, type GuestExit, linesOf, type ProgramOptions, type RunningGuest, WasiGuest } from './wasi-guest.js';

interface Exports {
  memory: WebAssembly.Memory;
  _start(): void;
  asyncify_start_unwind(buffer: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(buffer: number): void;
  asyncify_stop_rewind(): void;
  asyncify_buffer_start: { readonly value: number };
  asyncify_buffer_end: { readonly value: number };
}

/** What the host gives all its guests. */
export interface GuestEnvironment {
  readonly clock: HostClock;
  /** Sets the guest that the shared imports serve from now on. */
  setCurrent(guest: Guest): void;
  exited(guest: RunningGuest, exit: GuestExit): void;
}

export class Guest extends WasiGuest implements RunningGuest {
  exit: GuestExit | undefined;
  #exports!: Exports;
  /** Of the call that waited, while it returns. */
  #result: number | undefined;
  /** Begins what the guest waits for. */
  #wait: (() => void) | undefined;
  #inProgress: Closeable | undefined;
  #isRetiring = false;
  /** When its sleep ends, by the host's clock. */
  #wakesAt = 0;

  constructor(
    private readonly host: GuestEnvironment,
    readonly delivery: Delivery,
    program: ProgramOptions,
  ) {
    super(program);
  }

  /** Runs the entry point until it first waits. */
  start(instance: WebAssembly.Instance): void {
    this.#exports = instance.exports as unknown as Exports;
    this.memory = new GuestMemory(this.#exports.memory);
    this.#enter();
  }

  /** Stops the guest now: what it waits for is cancelled and it never runs again. */
  stop(): void {
    this.#finish({ kind: 'stopped' });
  }

  retire(): void {
    this.#isRetiring = true;
    // What is overdue, because this process was busy, is taken and delivered first.
    if (this.delivery.isDone && this.host.clock.monotonic() < this.#wakesAt) this.stop();
  }

  get lastLines(): readonly string[] {
    return linesOf(this.output.text);
  }

  override resumed(): number | undefined {
    const result = this.#result;
    if (result !== undefined) this.#exports.asyncify_stop_rewind();
    this.#result = undefined;
    return result;
  }

  sleep(ms: number): number {
    return this.#suspend(() => {
      if (this.#isRetiring && this.delivery.isDone) return this.stop();
      this.#wakesAt = this.host.clock.monotonic() + ms;
      this.#inProgress = this.host.clock.after(ms, this.#wake);
    });
  }

  fetch(args: HttpArguments): number {
    const request = readRequest(this.memory, args);
    if (typeof request === 'number') return request;
    return this.#suspend(() => {
      this.#inProgress = this.delivery.send(request, (answer) => this.#resume(writeAnswer(this.memory, args, answer)));
    });
  }

  #suspend(wait: () => void): number {
    const start = this.#exports.asyncify_buffer_start.value;
    // Asyncify's struct: where the stack grows, and where it must end.
    this.memory.view.setUint32(start, start + 8, true);
    this.memory.view.setUint32(start + 4, this.#exports.asyncify_buffer_end.value, true);
    this.#exports.asyncify_start_unwind(start);
    this.#wait = wait;
    return RESULT.ok;
  }

  // Made once for each guest.
  readonly #wake = (): void => this.#resume(RESULT.ok);

  #resume(result: number): void {
    this.#inProgress = undefined;
    if (this.exit !== undefined) return;
    this.#result = result;
    this.#exports.asyncify_start_rewind(this.#exports.asyncify_buffer_start.value);
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
    wait();
  }

  #finish(exit: GuestExit): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.#inProgress?.close();
    this.files.closeAll();
    this.host.exited(this, exit);
  }
}
