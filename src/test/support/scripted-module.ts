/**
 * For tests: a module whose code is a script of the test. The host takes it for a WebAssembly module built with
 * Asyncify: a call that waits unwinds, and returns when the script is entered again.
 */
import type { SensorModule } from '../../sensor-host/guest/sensor-module.js';

const BUFFER = { start: 16, end: 1024 };

type Imports = Record<string, Record<string, (...args: (number | bigint)[]) => number>>;
/** A call of an import. */
export type Call = [name: string, ...args: (number | bigint)[]];
/** Yields calls and gets their results. */
export type Script = (guest: ScriptedGuest) => Generator<Call, void, number>;

export class ScriptedGuest {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  readonly #imports: Imports;

  constructor(imports: Imports) {
    this.#imports = imports;
  }

  invoke([name, ...args]: Call): number {
    const module = Object.values(this.#imports).find((functions) => name in functions)!;
    return module[name]!(...args);
  }

  /** Writes text; returns its address and length. */
  put(at: number, text: string): [at: number, length: number] {
    return [at, Buffer.from(this.memory.buffer).write(text, at)];
  }

  text(at: number, length: number): string {
    return Buffer.from(this.memory.buffer, at, length).toString();
  }

  word(at: number): number {
    return new DataView(this.memory.buffer).getUint32(at, true);
  }

  setWords(at: number, ...values: number[]): void {
    for (const [i, value] of values.entries()) new DataView(this.memory.buffer).setUint32(at + i * 4, value, true);
  }

  /** Writes text to a stream of the guest. */
  *write(fd: number, text: string): Generator<Call, void, number> {
    this.setWords(8192, ...this.put(8200, text));
    yield ['fd_write', fd, 8192, 1, 9000];
  }

  *sleep(ms: number): Generator<Call, void, number> {
    new Uint8Array(this.memory.buffer).fill(0, 4096, 4096 + 48);
    new DataView(this.memory.buffer).setBigUint64(4096 + 24, BigInt(ms) * 1_000_000n, true);
    yield ['poll_oneoff', 4096, 4200, 1, 4300];
  }

  /** Sends a GET; the status is at 5000, the length of the answer's body at 5008, the body at 6000. */
  *request(url: string): Generator<Call, number, number> {
    const [at, length] = this.put(5100, url);
    this.setWords(5000, 0, 500, 500);
    return yield ['http_request', 0, at, length, 0, 0, 0, 0, 7000, 5004, 6000, 5008, 5000];
  }
}

export function scriptedModule(script: Script, name = 'scripted'): SensorModule {
  return {
    name,
    instantiate: (imports) => ({ exports: run(new ScriptedGuest(imports as unknown as Imports), script) }),
  };
}

function run(guest: ScriptedGuest, script: Script): Record<string, unknown> {
  const steps = script(guest);
  let state: 'running' | 'unwinding' | 'rewinding' = 'running';
  let call: Call | undefined;
  const check = (expected: typeof state, buffer?: number) => {
    if (state !== expected) throw new Error(`Asyncify is ${state}, not ${expected}`);
    if (buffer === undefined) return;
    const struct = [buffer, guest.word(buffer), guest.word(buffer + 4)].join();
    if (struct !== [BUFFER.start, BUFFER.start + 8, BUFFER.end].join()) throw new Error(`bad buffer: ${struct}`);
  };
  return {
    memory: guest.memory,
    _start() {
      let result: number | undefined;
      for (;;) {
        if (call !== undefined) result = guest.invoke(call);
        // The call waits: it is made again when it returns.
        if (state === 'unwinding') return;
        check('running');
        const step = steps.next(result as number);
        if (step.done) return;
        call = step.value;
      }
    },
    asyncify_start_unwind(buffer: number) {
      check('running', buffer);
      state = 'unwinding';
    },
    asyncify_stop_unwind() {
      check('unwinding');
      state = 'running';
    },
    asyncify_start_rewind(buffer: number) {
      check('running', buffer);
      state = 'rewinding';
    },
    asyncify_stop_rewind() {
      check('rewinding');
      state = 'running';
    },
    asyncify_buffer_start: { value: BUFFER.start },
    asyncify_buffer_end: { value: BUFFER.end },
  };
}
