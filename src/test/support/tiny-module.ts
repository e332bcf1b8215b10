/** For tests: small WebAssembly modules, put together by hand. */

const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
const vector = (items: number[][]): number[] => [...leb(items.length), ...items.flat()];
const text = (value: string): number[] => [...leb(Buffer.byteLength(value)), ...Buffer.from(value)];
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];

const I32 = 0x7f;
const FUNCREF = 0x70;
/** Parameters and results of the imports that tests use; others take and give nothing. */
const TYPES: Record<string, [params: number, results: number]> = {
  fd_write: [4, 1],
  poll_oneoff: [4, 1],
  http_request: [12, 1],
  proc_exit: [1, 0],
  sched_yield: [0, 1],
  args_get: [2, 1],
  random_get: [2, 1],
};

export interface TinyModule {
  /** `module name`, all functions. */
  imports?: string[];
  /** Under these names `_start` is exported as well, such as those of Asyncify. */
  exports?: string[];
  /** Pages; undefined: no memory. */
  memory?: { initial: number; maximum?: number; flags?: number } | undefined;
  /** Instructions of `_start`; imports are functions from 0 on. */
  code?: number[];
  /** How many tables of functions it has, without a maximum of their own. */
  tables?: number;
  /** Elements of each table; none by default. */
  tableSize?: number;
  /** The code runs when an instance is made, as its start function, too. */
  runsAtStart?: boolean;
  /** Bytes at address 0. */
  data?: number[];
  name?: string;
  start?: string;
}

export function tinyModule(module: TinyModule = {}): Uint8Array {
  const { imports = [], exports = [], code = [], data = [], tables = 0, tableSize = 0, start = '_start' } = module;
  const memory = 'memory' in module ? module.memory : { initial: 1 };
  const signature = (name: string): number[] => {
    const [params, results] = TYPES[name] ?? [0, 0];
    return [0x60, ...vector(Array(params).fill([I32])), ...vector(Array(results).fill([I32]))];
  };
  const names = imports.map((one) => one.split(' ') as [string, string]);
  const types = [...names.map(([, name]) => signature(name)), signature('')];
  const own = imports.length;
  const limits =
    memory &&
    (memory.maximum === undefined
      ? [0, ...leb(memory.initial)]
      : [memory.flags ?? 1, ...leb(memory.initial), ...leb(memory.maximum)]);
  const body = [0, ...code, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector(names.map(([from, name], i) => [...text(from), ...text(name), 0, ...leb(i)]))),
    ...section(3, vector([leb(own)])),
    ...(tables > 0 ? section(4, vector(Array(tables).fill([FUNCREF, 0, ...leb(tableSize)]))) : []),
    ...(limits ? section(5, vector([limits])) : []),
    ...section(
      7,
      vector([
        ...(limits ? [[...text('memory'), 2, 0]] : []),
        ...[start, ...exports].map((name) => [...text(name), 0, ...leb(own)]),
      ]),
    ),
    ...(module.runsAtStart ? section(8, leb(own)) : []),
    ...section(10, vector([[...leb(body.length), ...body]])),
    ...(data.length > 0 ? section(11, vector([[0, 0x41, 0, 0x0b, ...leb(data.length), ...data]])) : []),
    ...(module.name === undefined
      ? []
      : section(0, [...text('name'), 0, ...leb(text(module.name).length), ...text(module.name)])),
  ]);
}
