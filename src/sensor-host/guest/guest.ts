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
  longest_sleep?: { value: bigint };
}

/** What the host gives all its guests. */
export interface GuestEnvironment {
  readonly clock: HostClock;
  /** Sets the guest that the shared imports serve from now on. */
  setCurrent(guest: Guest): void;
  exited(guest: RunningGuest, exit: GuestExit): void;
}

/** How long a guest sleeps at most, which is told of changes of its files; and after it was told. */
const UNTOLD_MS = 60_000n;
const TOLD_MS = 1_000n;
/** It may wait for an answer meanwhile. */
const TOLD_FOR_MS = 35_000;

export class Guest extends WasiGuest implements RunningGuest {
  exit: GuestExit | undefined;
  #exports!: Exports;
  /** Of Asyncify; reading a global takes long. */
  #buffer = { start: 0, end: 0 };
  /** Of the call that waited, while it returns. */
  #result: number | undefined;
  /** Begins what the guest waits for. */
  #wait: (() => void) | undefined;
  #inProgress: Closeable | undefined;
  #isRetiring = false;
  /** When its sleep ends, by the host's clock. */
  #wakesAt = 0;
  #isAsleep = false;

  constructor(
    private readonly host: GuestEnvironment,
    readonly delivery: Delivery,
    program: ProgramOptions,
  ) {
    super(program);
  }

  /** Runs the entry point until it first waits. `isTold`: {@link fileChanged} is called for each of its files. */
  start(instance: WebAssembly.Instance, isTold = false): void {
    this.#exports = instance.exports as unknown as Exports;
    this.memory = new GuestMemory(this.#exports.memory);
    const { asyncify_buffer_start: first, asyncify_buffer_end: last } = this.#exports;
    this.#buffer = { start: first.value, end: last.value };
    if (isTold) this.#setLongestSleep(UNTOLD_MS);
    this.#enter();
  }

  /** A file that it may follow has changed: it looks at it now, and every second for a while. */
  fileChanged(): void {
    if (this.exit !== undefined || !this.#exports.longest_sleep) return;
    this.#setLongestSleep(TOLD_MS);
    this.host.clock.after(TOLD_FOR_MS, () => this.#setLongestSleep(UNTOLD_MS));
    if (!this.#isAsleep) return;
    this.#inProgress?.close();
    this.#wake();
  }

  /** Of modules that let the host say it (wasm/lib/suspend.ts). */
  #setLongestSleep(ms: bigint): void {
    if (this.#exports.longest_sleep) this.#exports.longest_sleep.value = ms;
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
      this.#isAsleep = true;
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
    const { start, end } = this.#buffer;
    // Asyncify's struct: where the stack grows, and where it must end.
    this.memory.view.setUint32(start, start + 8, true);
    this.memory.view.setUint32(start + 4, end, true);
    this.#exports.asyncify_start_unwind(start);
    this.#wait = wait;
    return RESULT.ok;
  }

  // Made once for each guest.
  readonly #wake = (): void => this.#resume(RESULT.ok);

  #resume(result: number): void {
    this.#inProgress = undefined;
    this.#isAsleep = false;
    if (this.exit !== undefined) return;
    this.#result = result;
    this.#exports.asyncify_start_rewind(this.#buffer.start);
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
