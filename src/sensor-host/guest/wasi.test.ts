import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileTable, StatCache } from './guest-files.js';
import { GuestMemory } from './guest-memory.js';
import { type HostClock, systemClock } from './host-clock.js';
import { createImports } from './wasi.js';
import { ERRNO } from './wasi-error.js';
import { ProcExit, type WasiGuest } from './wasi-guest.js';

// Places in the guest's memory.
const PATH = 100;
const VECTORS = 200;
const OUT = 300;
const DATA = 400;
const SUBSCRIPTIONS = 1000;
const EVENTS = 2000;
const PREOPEN = 3;

let folder: string;
let memory: GuestMemory;
let written: string[];
let slept: number[];
let returning: boolean;
let calls: Record<string, (...args: unknown[]) => number>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasi-'));
  writeFileSync(join(folder, 'file'), 'hello world');
  memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  [written, slept, returning] = [[], [], false];
  const files = new FileTable([{ target: '/in', source: folder, writable: true }], new StatCache(systemClock));
  const guest = {
    memory,
    files,
    args: ['', '--a'].map((text) => Buffer.from(`${text}\0`)),
    environment: ['A=1', 'B=ä'].map((text) => Buffer.from(`${text}\0`)),
    output: { write: (text: string) => written.push(text) },
    resumed: () => (returning ? 42 : undefined),
    sleep: (ms: number) => {
      slept.push(ms);
      return ERRNO.ok;
    },
  };
  const clock = { wallTime: () => 1_750_000_000_000, monotonic: () => 12.5 } as HostClock;
  const imports = createImports(() => guest as unknown as WasiGuest, clock);
  calls = imports.wasi_snapshot_preview1 as unknown as typeof calls;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const word = (at: number) => memory.view.getUint32(at, true);
const setWord = (at: number, value: number) => memory.view.setUint32(at, value, true);
function put(at: number, text: string): number {
  return Buffer.from(memory.bytes.buffer).write(text, at);
}

/** Opens `in/file`; gives its descriptor. */
function open(flags = 0, rights = 2n): number {
  expect(calls.path_open!(PREOPEN, 0, PATH, put(PATH, 'in/file'), flags, rights, 0n, 0, OUT)).toBe(ERRNO.ok);
  return word(OUT);
}

/** Vectors for a read or a write: places and lengths. */
function vectors(...parts: [at: number, length: number][]): number {
  parts.forEach(([at, length], i) => {
    setWord(VECTORS + i * 8, at);
    setWord(VECTORS + i * 8 + 4, length);
  });
  return parts.length;
}

/** One subscription to a clock, in milliseconds; `type` 0 is a clock. */
function subscribe(i: number, ms: number, { type = 0, absolute = false } = {}): void {
  const at = SUBSCRIPTIONS + i * 48;
  memory.bytes.fill(0, at, at + 48);
  memory.view.setBigUint64(at, BigInt(100 + i), true);
  memory.bytes[at + 8] = type;
  memory.view.setBigUint64(at + 24, BigInt(ms) * 1_000_000n, true);
  memory.view.setUint16(at + 40, absolute ? 1 : 0, true);
}
const poll = (count: number) => calls.poll_oneoff!(SUBSCRIPTIONS, EVENTS, count, OUT);
const events = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const at = EVENTS + i * 32;
    return [Number(memory.view.getBigUint64(at, true)), memory.view.getUint16(at + 8, true)];
  });

test('arguments and environment are laid out one after the other, each with a zero at its end', () => {
  expect(calls.args_sizes_get!(OUT, OUT + 4)).toBe(ERRNO.ok);
  expect([word(OUT), word(OUT + 4)]).toEqual([2, 5]);
  calls.environ_sizes_get!(OUT, OUT + 4);
  expect([word(OUT), word(OUT + 4)]).toEqual([2, 9]);
  calls.environ_get!(OUT, DATA);
  expect([word(OUT), word(OUT + 4)]).toEqual([DATA, DATA + 4]);
  expect(memory.text(DATA, 9)).toBe('A=1\0B=ä\0');
});

test('the realtime and the monotonic clock give nanoseconds; there are no others', () => {
  const time = (id: number) => [calls.clock_time_get!(id, 0n, OUT), memory.view.getBigUint64(OUT, true)];
  expect(time(0)).toEqual([ERRNO.ok, 1_750_000_000_000_000_000n]);
  expect(time(1)).toEqual([ERRNO.ok, 12_500_000n]);
  expect([2, 3].map((id) => calls.clock_time_get!(id, 0n, OUT))).toEqual([ERRNO.inval, ERRNO.inval]);
});

test('random bytes fill what they are asked for, and nothing beside it', () => {
  expect(calls.random_get!(DATA, 64)).toBe(ERRNO.ok);
  expect(new Set(memory.bytes.subarray(DATA, DATA + 64)).size).toBeGreaterThan(10);
  expect([memory.bytes[DATA - 1], memory.bytes[DATA + 64]]).toEqual([0, 0]);
});

test('a wait is for the shortest clock; each subscription gets its event', () => {
  subscribe(0, 5000);
  subscribe(1, 250);
  expect([poll(2), slept, word(OUT)]).toEqual([ERRNO.ok, [250], 2]);
  expect(events(2)).toEqual([
    [100, ERRNO.ok],
    [101, ERRNO.ok],
  ]);
});

test('a time of day and a file can’t be waited for, nor can nothing', () => {
  subscribe(0, 1, { absolute: true });
  subscribe(1, 1, { type: 1 });
  expect([poll(2), slept]).toEqual([ERRNO.ok, []]);
  expect(events(2)).toEqual([
    [100, ERRNO.notsup],
    [101, ERRNO.notsup],
  ]);
  subscribe(2, 70);
  expect([poll(3), slept]).toEqual([ERRNO.ok, [70]]);
  expect(poll(0)).toBe(ERRNO.inval);
});

test('a call that waited and returns does nothing again', () => {
  subscribe(0, 250);
  returning = true;
  expect([poll(1), slept]).toEqual([42, []]);
});

test('writes to stdout and stderr are the guest’s output; stdin is empty and can’t be written', () => {
  put(DATA, 'one two');
  const count = vectors([DATA, 3], [DATA + 3, 4]);
  expect([1, 2].map((fd) => [calls.fd_write!(fd, VECTORS, count, OUT), word(OUT)])).toEqual([
    [ERRNO.ok, 7],
    [ERRNO.ok, 7],
  ]);
  expect(written.join('')).toBe('one twoone two');
  expect([calls.fd_read!(0, VECTORS, count, OUT), word(OUT)]).toEqual([ERRNO.ok, 0]);
  expect(calls.fd_write!(0, VECTORS, count, OUT)).toBe(ERRNO.badf);
});

test('one call takes 64 KiB, and no more vectors than POSIX has', () => {
  const all = vectors([0, 65_000], [0, 65_000], [0, 65_000]);
  expect([calls.fd_write!(1, VECTORS, all, OUT), word(OUT), written.join('').length]).toEqual([0, 65_536, 65_536]);
  expect([calls.fd_write!(1, 10_000, 1024, OUT), calls.fd_write!(1, 10_000, 1025, OUT)]).toEqual([0, ERRNO.inval]);
  expect(calls.fd_read!(open(), 10_000, 1025, OUT)).toBe(ERRNO.inval);
});

test('a read fills one vector after the other, and ends with the file', () => {
  const fd = open();
  expect(fd).toBe(4);
  const first = vectors([DATA, 5], [DATA + 10, 3]);
  expect([calls.fd_read!(fd, VECTORS, first, OUT), word(OUT)]).toEqual([ERRNO.ok, 8]);
  expect([memory.text(DATA, 5), memory.text(DATA + 10, 3)]).toEqual(['hello', ' wo']);
  expect([calls.fd_read!(fd, VECTORS, first, OUT), word(OUT)]).toEqual([ERRNO.ok, 3]);
  expect([calls.fd_read!(fd, VECTORS, first, OUT), word(OUT)]).toEqual([ERRNO.ok, 0]);
  expect([calls.fd_close!(fd), calls.fd_close!(fd), calls.fd_read!(fd, VECTORS, first, OUT)]).toEqual([
    ...[ERRNO.ok, ERRNO.badf, ERRNO.badf],
  ]);
});

test('a file is written only by who has opened it for that', () => {
  put(DATA, 'HELLO');
  const count = vectors([DATA, 5]);
  expect(calls.fd_write!(open(), VECTORS, count, OUT)).toBe(ERRNO.badf);
  expect([calls.fd_write!(open(0, 64n), VECTORS, count, OUT), word(OUT)]).toEqual([ERRNO.ok, 5]);
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('HELLO world');
});

test('there is one preopened folder, "/", and paths start from it', () => {
  expect([calls.fd_prestat_get!(PREOPEN, OUT), word(OUT), word(OUT + 4)]).toEqual([ERRNO.ok, 0, 1]);
  expect([calls.fd_prestat_dir_name!(PREOPEN, OUT, 1), memory.text(OUT, 1)]).toEqual([ERRNO.ok, '/']);
  expect(calls.fd_prestat_get!(4, OUT)).toBe(ERRNO.badf);
  expect(calls.fd_prestat_dir_name!(4, OUT, 1)).toBe(ERRNO.badf);
  const length = put(PATH, 'in/file');
  expect(calls.path_open!(4, 0, PATH, length, 0, 2n, 0n, 0, OUT)).toBe(ERRNO.badf);
  expect(calls.path_filestat_get!(4, 0, PATH, length, OUT)).toBe(ERRNO.badf);
});

test('descriptors say what they are: streams, the folder, and nothing else', () => {
  const kind = (fd: number) => [calls.fd_fdstat_get!(fd, OUT), memory.bytes[OUT]];
  expect([0, 1, 2, 3].map(kind)).toEqual([2, 2, 2, 3].map((type) => [ERRNO.ok, type]));
  expect(calls.fd_fdstat_get!(4, OUT)).toBe(ERRNO.badf);
});

test('a file’s state has its size and kind; what is not there is not there', () => {
  const look = (path: string) => calls.path_filestat_get!(PREOPEN, 0, PATH, put(PATH, path), OUT);
  expect([look('in/file'), memory.bytes[OUT + 16], memory.view.getBigUint64(OUT + 32, true)]).toEqual([
    ...[ERRNO.ok, 4, 11n],
  ]);
  expect([look('in'), memory.bytes[OUT + 16]]).toEqual([ERRNO.ok, 3]);
  expect(['in/none', 'file', 'in/../file'].map(look)).toEqual([ERRNO.noent, ERRNO.noent, ERRNO.noent]);
});

test('an exit goes through the guest with its code, and unsupported calls return ENOSYS', () => {
  expect(() => calls.proc_exit!(7)).toThrow(expect.objectContaining({ code: 7 }));
  try {
    calls.proc_exit!(0);
  } catch (error) {
    expect(error).toBeInstanceOf(ProcExit);
  }
  for (const name of UNSUPPORTED.split(/\s+/)) expect([name, calls[name]!()]).toEqual([name, ERRNO.nosys]);
});

/** What a module may import all the same, as compilers do: without one of these it could not be instantiated. */
const UNSUPPORTED = `clock_res_get fd_advise fd_allocate fd_datasync fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get
  fd_filestat_set_size fd_filestat_set_times fd_pread fd_pwrite fd_readdir fd_renumber fd_seek fd_sync fd_tell
  path_create_directory path_filestat_set_times path_link path_readlink path_remove_directory path_rename path_symlink
  path_unlink_file proc_raise sock_accept sock_recv sock_send sock_shutdown`;

describe('a range of memory', () => {
  const END = 65_536;
  /** A call that writes `length` bytes at a place, which the test varies. */
  const cases: [name: string, length: number, call: (at: number) => number][] = [
    ['args_sizes_get, count', 4, (at) => calls.args_sizes_get!(at, OUT)],
    ['args_sizes_get, size', 4, (at) => calls.args_sizes_get!(OUT, at)],
    ['args_get, pointers', 8, (at) => calls.args_get!(at, DATA)],
    ['environ_get, texts', 9, (at) => calls.environ_get!(OUT, at)],
    ['clock_time_get', 8, (at) => calls.clock_time_get!(1, 0n, at)],
    ['random_get', 5, (at) => calls.random_get!(at, 5)],
    ['poll_oneoff, subscriptions', 48, (at) => calls.poll_oneoff!(at, EVENTS, 1, OUT)],
    ['poll_oneoff, events', 64, (at) => calls.poll_oneoff!(SUBSCRIPTIONS, at, 2, OUT)],
    ['poll_oneoff, count', 4, (at) => calls.poll_oneoff!(SUBSCRIPTIONS, EVENTS, 1, at)],
    ['fd_fdstat_get', 24, (at) => calls.fd_fdstat_get!(1, at)],
    ['fd_prestat_get', 8, (at) => calls.fd_prestat_get!(PREOPEN, at)],
    ['fd_prestat_dir_name', 1, (at) => calls.fd_prestat_dir_name!(PREOPEN, at, 1)],
    ['fd_write, vectors', 8, (at) => calls.fd_write!(1, at, 1, OUT)],
    ['fd_write, data', 6, (at) => calls.fd_write!(1, VECTORS, vectors([DATA, 1], [at, 6]), OUT)],
    ['fd_write, count', 4, (at) => calls.fd_write!(1, VECTORS, vectors([DATA, 1]), at)],
    ['fd_read, vectors', 16, (at) => calls.fd_read!(0, at, 2, OUT)],
    ['fd_read, data', 6, (at) => calls.fd_read!(open(), VECTORS, vectors([DATA, 1], [at, 6]), OUT)],
    ['fd_read, count', 4, (at) => calls.fd_read!(0, VECTORS, vectors([DATA, 1]), at)],
    ['path_filestat_get, state', 64, (at) => calls.path_filestat_get!(PREOPEN, 0, PATH, put(PATH, 'in/file'), at)],
    ['path_open, descriptor', 4, (at) => calls.path_open!(PREOPEN, 0, PATH, put(PATH, 'in/file'), 0, 2n, 0n, 0, at)],
  ];

  test.each(cases)('of %s may reach the end of the memory, and not beyond it', (_, length, call) => {
    expect(call(END - length)).toBe(ERRNO.ok);
    put(DATA, 'data');
    [written, slept] = [[], []];
    const before = Buffer.from(memory.bytes);
    for (const at of [END - length + 1, END, -4]) {
      expect(call(at), String(at)).toBe(ERRNO.fault);
    }
    // Nothing but what the calls above prepare is written.
    const changed = [...memory.bytes.keys()].filter((i) => memory.bytes[i] !== before[i]);
    expect(changed.filter((i) => i < PATH || (i >= OUT + 4 && i !== DATA))).toEqual([]);
    expect([written, slept]).toEqual([[], []]);
  });

  test('of a path must be inside the memory', () => {
    expect(calls.path_open!(PREOPEN, 0, END - 2, 3, 0, 2n, 0n, 0, OUT)).toBe(ERRNO.fault);
    expect(calls.path_filestat_get!(PREOPEN, 0, END - 2, 3, OUT)).toBe(ERRNO.fault);
  });

  test('of a fault leaves no descriptor behind', () => {
    calls.path_open!(PREOPEN, 0, PATH, put(PATH, 'in/file'), 0, 2n, 0n, 0, END);
    expect(open()).toBe(4);
  });
});

test('a negative number is no descriptor and no clock', () => {
  expect(calls.clock_time_get!(-1, 0n, OUT)).toBe(ERRNO.inval);
  for (const name of ['fd_fdstat_get', 'fd_prestat_get', 'fd_close']) expect(calls[name]!(-1, OUT)).toBe(ERRNO.badf);
  expect(calls.fd_write!(-1, VECTORS, vectors([DATA, 1]), OUT)).toBe(ERRNO.badf);
  expect(calls.fd_read!(-1, VECTORS, vectors([DATA, 1]), OUT)).toBe(ERRNO.badf);
  expect(() => calls.proc_exit!(-1)).toThrow(expect.objectContaining({ code: -1 }));
});

test('the name of the preopened folder needs room, and is all that is written', () => {
  expect(calls.fd_prestat_dir_name!(PREOPEN, OUT, 0)).toBe(ERRNO.badf);
  expect(calls.fd_prestat_dir_name!(PREOPEN, OUT, 5)).toBe(ERRNO.ok);
  expect([...memory.bytes.subarray(OUT, OUT + 3)]).toEqual([0x2f, 0, 0]);
});

test('the state of a descriptor has no flags and all rights', () => {
  memory.bytes.fill(7, OUT, OUT + 25);
  calls.fd_fdstat_get!(3, OUT);
  expect([...memory.bytes.subarray(OUT, OUT + 25)]).toEqual([3, 0, 0, 0, 0, 0, 0, 0, ...new Array(16).fill(255), 7]);
});

test('a file’s state is complete', () => {
  memory.bytes.fill(7, OUT, OUT + 65);
  calls.path_filestat_get!(PREOPEN, 0, PATH, put(PATH, 'in/file'), OUT);
  const found = statSync(join(folder, 'file'));
  const field = (at: number) => memory.view.getBigUint64(OUT + at, true);
  expect([0, 8, 24, 32].map(field)).toEqual([found.dev, found.ino, found.nlink, found.size].map(BigInt));
  expect([...memory.bytes.subarray(OUT + 16, OUT + 24)]).toEqual([4, 0, 0, 0, 0, 0, 0, 0]);
  const times = [found.atimeMs, found.mtimeMs, found.ctimeMs];
  expect([40, 48, 56].map(field)).toEqual(times.map((ms) => BigInt(Math.round(ms * 1000)) * 1000n));
  expect(memory.bytes[OUT + 64]).toBe(7);
});
