/** For tests: modules that try to harm the host, put together by hand. */
import { type TinyModule, tinyModule } from './tiny-module.js';

const WASI = 'wasi_snapshot_preview1';
const HTTP = 'wasi:http/requests http_request';
const [CALL, DROP, END] = [0x10, 0x1a, 0x0b];
/** As `i32.const` has it: signed LEB128. */
const signed = (value: number): number[] => {
  const byte = value & 0x7f;
  const rest = value >> 7;
  return (rest === 0 && byte < 0x40) || (rest === -1 && byte >= 0x40) ? [byte] : [byte | 0x80, ...signed(rest)];
};
const push = (...values: number[]) => values.flatMap((value) => [0x41, ...signed(value | 0)]);
const forever = (...code: number[]) => [0x03, 0x40, ...code, 0x0c, 0, END];
const FILL = [0xfc, 0x0b, 0];
/** 128 MB, what a module may have. */
const BIG = { initial: 2048 };
const MEMORY_BYTES = BIG.initial * 65_536;

const growTable = (table: number) => [0xd0, 0x70, ...push(9_000_000), 0xfc, 0x0f, table, DROP];
const TABLES = 60;

function words(...values: number[]): number[] {
  return [...new Uint8Array(Uint32Array.from(values).buffer)];
}

/** A URL at 16, and at 0 the lengths that an answer may have. */
function requestData(url: string, room: number): number[] {
  return [...words(0, room, room, 0), ...Buffer.from(url)];
}

const ANSWERS_AT = 1 << 20;
const request = (url: string, [headersAt, headers, bodyAt, body]: number[]) => [
  ...push(1, 16, url.length, headersAt!, headers!, bodyAt!, body!, ANSWERS_AT, 4, ANSWERS_AT, 8, 12),
  ...[CALL, 0, DROP],
];

/** `url`: a server that the module may reach. */
export function hostileModules(url: string): Record<string, TinyModule> {
  const fetching = (code: number[]): TinyModule => ({
    ...{ imports: [HTTP], memory: BIG, code, data: requestData(url, 100 << 20) },
  });
  return {
    'an endless loop': { code: forever() },
    'an endless loop under the names of Asyncify': {
      code: forever(),
      exports: ['start_unwind', 'stop_unwind', 'start_rewind', 'stop_rewind', 'buffer_start', 'buffer_end'].map(
        (name) => `asyncify_${name}`,
      ),
    },
    'an endless start function': { code: forever(), runsAtStart: true },
    'endless recursion': { code: forever(CALL, 0) },
    'memory that grows and is used': {
      code: [...push(2047), 0x40, 0, DROP, ...forever(...push(0, 1, MEMORY_BYTES), ...FILL)],
    },
    'tables that grow': { tables: TABLES, code: Array.from({ length: TABLES }, (_, i) => growTable(i)).flat() },
    // Each vector has 16 MB from 16 MB on.
    'vectors of more than a terabyte': {
      imports: [`${WASI} fd_write`],
      memory: BIG,
      code: [...push(0, 1, 1 << 20), ...FILL, ...forever(...push(1, 0, 100_000, 2 << 20), CALL, 0, DROP)],
    },
    // All of it ends of lines, from 16 on.
    'one write of 128 MB': {
      imports: [`${WASI} fd_write`],
      memory: BIG,
      data: [...words(16, MEMORY_BYTES - 16), ...Array(8).fill(0)],
      code: [...push(16, 0x0a, MEMORY_BYTES - 16), ...FILL, ...forever(...push(1, 0, 1, 8), CALL, 0, DROP)],
    },
    'pointers that lead out of its memory': {
      imports: [`${WASI} args_get`],
      code: forever(...push(-1, -16), CALL, 0, DROP),
    },
    'random bytes without end': {
      imports: [`${WASI} random_get`],
      memory: BIG,
      code: forever(...push(0, MEMORY_BYTES), CALL, 0, DROP),
    },
    'two billion subscriptions': {
      imports: [`${WASI} poll_oneoff`],
      code: forever(...push(0, 0, -0x80000000, 0), CALL, 0, DROP),
    },
    'headers of 100 MB': fetching([
      ...push(2 << 20, 0x0a, 100 << 20),
      ...FILL,
      ...forever(...request(url, [2 << 20, 100 << 20, 0, 0])),
    ]),
    'a body of 100 MB': fetching(forever(...request(url, [0, 0, 2 << 20, 100 << 20]))),
    'requests for more than it takes': fetching(forever(...request(url, [0, 0, 0, 0]))),
  };
}

export const hostileModule = (module: TinyModule): Uint8Array => tinyModule({ ...module, name: 'hostile' });
