/**
 * One running instance of a module. Where the module waits (a sleep, a request) Asyncify unwinds its stack into its own
 * memory and the event loop goes on with others; later the stack is rewound and the call returns.
 */
import { messageOf } from '../lib/errors/app-error.js';
import type { Closeable, HostClock } from './guest-clock.js';
import type { FileTable } from './guest-files.js';
import { GuestMemory } from './guest-memory.js';
import type { RegionLink } from './host-link.js';
import { type AnswerCells, answerCells, type HttpArguments, RESULT, readRequest, writeAnswer } from './http-request.js';
import { LastLines } from './last-lines.js';
import type { HttpAnswer, HttpRequest, HttpTransport } from './transport.js';

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
  private bufferStart = 0;
  private bufferEnd = 0;
  private rewinding = false;
  private result = 0;
  /** What the guest waits for: milliseconds, or a request and where its answer goes. */
  private wanted: number | { request: HttpRequest; cells: AnswerCells } | undefined;
  private underWay: Closeable | undefined;
  private cells: AnswerCells | undefined;

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
    this.bufferStart = this.exports.asyncify_buffer_start.value as number;
    this.bufferEnd = this.exports.asyncify_buffer_end.value as number;
    this.enter();
  }

  /** Ends the guest now: what it waits for is cancelled and it never runs again. */
  stop(): void {
    this.finish({ kind: 'stopped' });
  }

  /** Whether the running call is one that waited and now returns: its import calls `rewound` and does nothing else. */
  get returning(): boolean {
    return this.rewinding;
  }

  /** Waits `ms`; returns to the guest with 0. Called inside an import. */
  sleep(ms: number): number {
    return this.suspend(ms);
  }

  /** Sends a request; returns to the guest with the call's result code. Called inside an import. */
  fetch(args: HttpArguments): number {
    const request = readRequest(this.memory, args);
    if (typeof request === 'number') return request;
    this.world.stats.requests++;
    return this.suspend({ request, cells: answerCells(args) });
  }

  private suspend(wanted: NonNullable<typeof this.wanted>): number {
    const { bufferStart } = this;
    // struct: where the stack grows, and where it must end.
    this.memory.view.setUint32(bufferStart, bufferStart + 8, true);
    this.memory.view.setUint32(bufferStart + 4, this.bufferEnd, true);
    this.exports.asyncify_start_unwind(bufferStart);
    this.wanted = wanted;
    return RESULT.ok;
  }

  /** Result of the call that waited. */
  rewound(): number {
    this.exports.asyncify_stop_rewind();
    this.rewinding = false;
    return this.result;
  }

  // Made once for each guest: a sleep or a request costs no closures.
  private readonly wake = (): void => this.resume(RESULT.ok);
  private readonly answered = (answer: HttpAnswer): void => this.resume(writeAnswer(this.memory, this.cells!, answer));

  private resume(result: number): void {
    this.underWay = undefined;
    if (this.end !== undefined) return;
    this.result = result;
    this.rewinding = true;
    this.exports.asyncify_start_rewind(this.bufferStart);
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
    const { wanted } = this;
    if (wanted === undefined) {
      this.finish({ kind: 'returned' });
      return;
    }
    this.wanted = undefined;
    this.exports.asyncify_stop_unwind();
    if (typeof wanted === 'number') {
      this.underWay = this.world.clock.after(wanted, this.wake);
    } else {
      this.cells = wanted.cells;
      this.underWay = this.link.send(this.world.transport, wanted.request, this.answered);
    }
  }

  private finish(end: GuestEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.underWay?.close();
    this.files.closeAll();
    this.world.ended(this, end);
  }
}
