/** What a guest's thread and the host tell each other. */
import type { Mount } from './guest-files.js';
import type { HttpAnswer, HttpRequest } from './transport.js';
import type { GuestExit } from './wasi-guest.js';

/** Given to the thread when it starts. */
export interface ThreadStart {
  module: WebAssembly.Module;
  args: string[];
  env: Record<string, string>;
  mounts: Mount[];
  shared: SharedArrayBuffer;
}

/** A request as it passes between threads. */
export type SentRequest = Omit<HttpRequest, 'url' | 'body' | 'allowed'> & { url: string; body: Uint8Array | undefined };

export type FromThread = { request: SentRequest } | { exit: GuestExit };
export type ToThread = HttpAnswer;

/** Longer than what a guest's recent output has; what does not fit is left out. */
const OUTPUT_BYTES = 16 * 1024;

/** Memory that both see: it is there also when the thread was ended in the middle of a loop. */
export class SharedState {
  readonly buffer: SharedArrayBuffer;
  /** 1: an answer is there. */
  readonly #answered: Int32Array;
  readonly #outputLength: Int32Array;
  readonly #output: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(8 + OUTPUT_BYTES)) {
    this.buffer = buffer;
    this.#answered = new Int32Array(buffer, 0, 1);
    this.#outputLength = new Int32Array(buffer, 4, 1);
    this.#output = new Uint8Array(buffer, 8);
  }

  /** Called by the host. */
  wake(): void {
    Atomics.store(this.#answered, 0, 1);
    Atomics.notify(this.#answered, 0);
  }

  /** Called by the thread: blocks it until the host has called `wake`. */
  waitForAnswer(): void {
    Atomics.wait(this.#answered, 0, 0);
    Atomics.store(this.#answered, 0, 0);
  }

  /** Called by the thread: blocks it. */
  sleep(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }

  get output(): string {
    return Buffer.from(this.#output.slice(0, this.#outputLength[0])).toString();
  }

  set output(text: string) {
    const bytes = Buffer.from(text).subarray(0, this.#output.length);
    this.#output.set(bytes);
    this.#outputLength[0] = bytes.length;
  }
}
