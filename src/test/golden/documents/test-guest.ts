/**
 * A guest whose entry point is a function of a test: it calls the host's imports directly, over a memory that the test
 * fills and reads. The host takes it for an instance of a module, Asyncify included.
 */
import { createHash } from 'node:crypto';
import { createSensorHost, type GuestSpec, type SensorHost } from '../../../sensor-host/sensor-host.js';

type Import = (...args: (number | bigint)[]) => unknown;
type GuestImports = Record<string, Record<string, Import>>;

/** What a transport was asked to send, as text, and the answer to give. */
type Request = { method: string; url: URL; headers: string[]; body: Buffer | undefined; maxBodyBytes: number };
type Answer = { result: 0; status: number; headers: string; body: Buffer } | { result: 2 | 3 };

export const PAGE = 65_536;
/** A call that writes to more places is shown by its hash. */
const MOST_RANGES = 12;
/** What untouched memory holds, so that a written zero shows. */
const UNTOUCHED = 0xaa;

/** Bytes that differ from run to run, and what stands for them. */
export interface Mask {
  at: number;
  length: number;
  name: string;
}

export interface Call {
  name: string;
  args: (number | bigint)[];
  mask?: Mask[];
}

export class TestGuest {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** What happened, a line each. */
  readonly lines: string[] = [];
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  #imports!: GuestImports;
  readonly #timers: (() => void)[] = [];
  /** The memory as it was last looked at. */
  #known = new Uint8Array();
  #now = 1000;
  #answer: Answer = { result: 2 };
  #waiting: ((answer: Answer) => void) | undefined;
  readonly #host: SensorHost;
  readonly #spec: GuestSpec;

  constructor(spec: GuestSpec) {
    this.#spec = spec;
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.view = new DataView(this.#memory.buffer);
    this.#host = createSensorHost({
      maxGuests: 1,
      clock: {
        wallTime: () => 1_750_000_000_123,
        monotonic: () => this.#now,
        after: (ms, callback) => {
          this.lines.push(`  waits ${ms} ms`);
          this.#timers.push(callback);
          return { close: () => this.#timers.splice(0) };
        },
      },
      transport: {
        send: (request: Request, done: (answer: Answer) => void) => {
          this.lines.push(`  sends ${toText(request)}`);
          this.#waiting = done;
          return { close() {} };
        },
        close: async () => {},
      },
    });
  }

  /** Milliseconds that pass for the host. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** The answer to the next request. */
  answers(answer: Answer): void {
    this.#answer = answer;
  }

  setLink(connected: boolean): void {
    this.#host.setLink(this.#spec.region, connected);
  }

  /** Writes text; gives its place and length in bytes. */
  put(at: number, text: string | Uint8Array): [at: number, length: number] {
    const bytes = Buffer.from(text as string);
    this.bytes.set(bytes, at);
    return [at, bytes.length];
  }

  /** Writes numbers of 32 bits. */
  putNumbers(at: number, ...numbers: number[]): void {
    numbers.forEach((number, i) => {
      this.view.setUint32(at + i * 4, number, true);
    });
  }

  importNames(): string[] {
    this.#start(() => {});
    return Object.entries(this.#imports).flatMap(([module, functions]) =>
      Object.keys(functions).map((name) => `${module} ${name}`),
    );
  }

  /** Starts one instance that makes these calls in turn. A call that waits comes last: the stack would be unwound. */
  async run(title: string, calls: Call[], setUp: () => void = () => {}): Promise<void> {
    this.bytes.fill(UNTOUCHED);
    setUp();
    this.#known = this.bytes.slice();
    this.lines.push('', title);
    const end = this.#start(() => {
      for (const call of calls) this.#call(call);
    });
    if (this.#waiting) {
      const done = this.#waiting;
      this.#waiting = undefined;
      done(this.#answer);
    }
    for (const timer of this.#timers.splice(0)) timer();
    // A link that is cut answers in the next turn.
    await new Promise(setImmediate);
    const ended = end();
    // A trap's message is the engine's own.
    if (ended?.kind === 'trap') this.lines.push('  ends: trap');
    else if (ended?.kind !== 'returned') this.lines.push(`  ends: ${JSON.stringify(ended)}`);
  }

  /** What was written since the last look. */
  #changes(mask: Mask[]): string[] {
    const before = this.#known;
    this.#known = this.bytes.slice();
    return changes(before, this.#known, mask);
  }

  #start(entry: () => void): () => RunningEnd {
    const step = (name: string) => () => void this.lines.push(`  ${name}`);
    const exports = {
      memory: this.#memory,
      asyncify_start_unwind: step('unwinds'),
      asyncify_stop_unwind: () => {},
      asyncify_start_rewind: step('rewinds'),
      asyncify_stop_rewind: () => {},
      // At the end of the memory, where no call of a test writes.
      asyncify_buffer_start: { value: PAGE - 64 },
      asyncify_buffer_end: { value: PAGE - 8 },
    };
    let imports: GuestImports | undefined;
    // The imports are there before the entry point runs.
    const _start = () => {
      this.#imports = imports!;
      entry();
    };
    const instantiate = (given: WebAssembly.Imports) => {
      imports = given as GuestImports;
      return { exports: { ...exports, _start } };
    };
    const guest = this.#host.start({ name: 'a test', instantiate }, this.#spec);
    return () => {
      this.lines.push(...guest.lastLines.map((line) => `  says ${shorten(line)}`));
      return guest.exit;
    };
  }

  #call({ name, args, mask = [] }: Call): void {
    // An answer is written before its call returns.
    this.lines.push(...this.#changes(mask));
    const shown = args.map((arg) => (typeof arg === 'bigint' ? `${arg}n` : String(arg))).join(', ');
    const found = Object.values(this.#imports).find((functions) => name in functions)!;
    let result: string;
    try {
      result = String(found[name]!(...args));
    } catch (error) {
      this.lines.push(`  ${name}(${shown}) throws ${(error as Error).constructor.name}`);
      this.lines.push(...this.#changes(mask));
      throw error;
    }
    this.lines.push(`  ${name}(${shown}) = ${result}`, ...this.#changes(mask));
  }
}

type RunningEnd = ReturnType<SensorHost['start']>['exit'];

/** Ranges of bytes that were written, in hexadecimal; Asyncify's own buffer is left out. */
function changes(before: Uint8Array, after: Uint8Array, masks: Mask[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < PAGE - 64; ) {
    if (before[at] === after[at]) {
      at++;
      continue;
    }
    const from = at;
    const parts: string[] = [];
    while (at < PAGE - 64 && (before[at] !== after[at] || isMasked(at, masks))) {
      const mask = masks.find((one) => at >= one.at && at < one.at + one.length);
      parts.push(mask ? `<${mask.name}>` : after[at]!.toString(16).padStart(2, '0'));
      at = mask ? mask.at + mask.length : at + 1;
    }
    lines.push(`    @${from}: ${parts.join(' ')}`);
  }
  if (lines.length <= MOST_RANGES) return lines;
  const hash = createHash('sha256').update(lines.join()).digest('hex').slice(0, 16);
  return [...lines.slice(0, 2), `    ... and ${lines.length - 2} more ranges, all of them ${hash}`];
}

function shorten(line: string): string {
  return line.length < 100
    ? JSON.stringify(line)
    : `${line.length} characters: ${JSON.stringify(line.slice(0, 20))}...`;
}

const isMasked = (at: number, masks: Mask[]) => masks.some((mask) => at >= mask.at && at < mask.at + mask.length);

function toText({ method, url, headers, body, maxBodyBytes }: Request): string {
  const pairs = JSON.stringify(headers);
  return `${method} ${url.href} ${pairs} ${body === undefined ? 'no body' : JSON.stringify(body.toString())}, takes ${maxBodyBytes}`;
}
