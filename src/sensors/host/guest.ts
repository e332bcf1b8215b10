/**
 * One running instance of a module. Where the module waits (a sleep, a request) Asyncify unwinds its stack into its own
 * memory and the event loop goes on with others; later the stack is rewound and the call returns.
 */
import { messageOf } from '../../core/errors.js';
import type { HostClock } from './clock.js';
import type { FileTable } from './files.js';
import { type AnswerCells, RESULT, writeAnswer } from './http-request.js';
import { LastLines } from './last-lines.js';
import type { RegionLink } from './link.js';
import { GuestMemory } from './memory.js';
import type { HttpRequest, HttpTransport } from './transport.js';

/** How a guest ended. `returned`: its entry point returned without `proc_exit`. */
export type GuestEnd =
  | { kind: 'exit'; code: number }
  | { kind: 'trap'; message: string }
  | { kind: 'returned' }
  | { kind: 'stopped' };

/** Thrown through the guest by `proc_exit`. */
export class ProcExit {
  constructor(readonly code: number) {}
}

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

/** What the host gives a guest. */
export interface GuestWorld {
  readonly clock: HostClock;
  readonly transport: HttpTransport;
  readonly stats: { requests: number };
  /** Tells the host whose calls the shared imports now serve. */
  setCurrent(guest: Guest): void;
  ended(guest: Guest, end: GuestEnd): void;
}

export class Guest {
  readonly output = new LastLines();
  /** Arguments after the program's name. */
  readonly args: Buffer[];
  /** `NAME=value`, sorted by name as on a node. */
  readonly environment: Buffer[];
  memory!: GuestMemory;
  end: GuestEnd | undefined;
  private exports!: Exports;
  private rewinding = false;
  private result = 0;
  /** What to start once the stack is unwound; its callback resumes. */
  private wait: (() => void) | undefined;
  private cancelWait: (() => void) | undefined;

  constructor(
    private readonly world: GuestWorld,
    readonly link: RegionLink,
    readonly files: FileTable,
    spec: { args: string[]; env: Record<string, string> },
  ) {
    this.args = ['', ...spec.args].map((text) => Buffer.from(`${text}\0`));
    const names = Object.keys(spec.env).sort();
    this.environment = names.map((name) => Buffer.from(`${name}=${spec.env[name]}\0`));
  }

  /** Runs the entry point until it first waits. */
  start(instance: WebAssembly.Instance): void {
    this.exports = instance.exports as unknown as Exports;
    this.memory = new GuestMemory(this.exports.memory);
    this.enter();
  }

  /** Ends the guest now: what it waits for is cancelled and it never runs again. */
  stop(): void {
    this.finish({ kind: 'stopped' });
  }

  /** Waits `ms`; returns to the guest with 0. Called inside an import. */
  sleep(ms: number): number {
    return this.suspend(() => {
      this.cancelWait = this.world.clock.after(ms, () => this.resume(0));
    });
  }

  /** Sends a request; returns to the guest with the call's result code. Called inside an import. */
  fetch(read: () => HttpRequest | number, cells: () => AnswerCells): number {
    if (this.rewinding) return this.rewound();
    const request = read();
    if (typeof request === 'number') return request;
    const into = cells();
    return this.suspend(() => {
      this.world.stats.requests++;
      this.cancelWait = this.link.send(this.world.transport, request, (answer) => {
        this.resume(writeAnswer(this.memory, into, answer));
      });
    });
  }

  private suspend(wait: () => void): number {
    if (this.rewinding) return this.rewound();
    const buffer = this.exports.asyncify_buffer_start.value as number;
    // struct: where the stack grows, and where it must end.
    this.memory.view.setUint32(buffer, buffer + 8, true);
    this.memory.view.setUint32(buffer + 4, this.exports.asyncify_buffer_end.value as number, true);
    this.exports.asyncify_start_unwind(buffer);
    this.wait = wait;
    return RESULT.ok;
  }

  private rewound(): number {
    this.exports.asyncify_stop_rewind();
    this.rewinding = false;
    return this.result;
  }

  private resume(result: number): void {
    this.cancelWait = undefined;
    if (this.end !== undefined) return;
    this.result = result;
    this.rewinding = true;
    this.exports.asyncify_start_rewind(this.exports.asyncify_buffer_start.value as number);
    this.enter();
  }

  private enter(): void {
    this.world.setCurrent(this);
    try {
      this.exports._start();
    } catch (error) {
      const exited = error instanceof ProcExit;
      this.finish(exited ? { kind: 'exit', code: error.code } : { kind: 'trap', message: messageOf(error) });
      return;
    }
    const { wait } = this;
    if (wait === undefined) {
      this.finish({ kind: 'returned' });
      return;
    }
    this.wait = undefined;
    this.exports.asyncify_stop_unwind();
    wait();
  }

  private finish(end: GuestEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.cancelWait?.();
    this.files.closeAll();
    this.world.ended(this, end);
  }
}
