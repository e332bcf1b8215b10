/**
 * The imports of all guests: WASI preview 1 as far as modules like ours use it, and `http_request`. One object serves
 * every instance; `current` returns the guest that calls, so an instance needs no closures of its own.
 *
 * Every range of memory that a call reads or writes is checked first: a call that fails with `fault` has no effect.
 */
import { randomFillSync } from 'node:crypto';
import { HTTP_FUNCTION, HTTP_MODULE, WASI_FUNCTIONS, WASI_MODULE } from '../../modules/wasi-functions.js';
import { ERRNO } from './guest-files.js';
import type { GuestMemory } from './guest-memory.js';
import { ProcExit, type WasiGuest } from './wasi-guest.js';

const PREOPEN_FD = 3;
const FILE_TYPE = { directory: 3, regular: 4, character: 2 };
const CLOCK = { realtime: 0, monotonic: 1 };
const EVENT_CLOCK = 0;
const ABSOLUTE = 1;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const FILESTAT_BYTES = 64;
const FDSTAT_BYTES = 24;
const VECTOR_BYTES = 8;
const WORD_BYTES = 4;
/** As IOV_MAX of POSIX. */
const MAX_VECTORS = 1024;
/** What one call reads or writes; programs call again for the rest. The vectors of one call may name terabytes. */
const MAX_CALL_BYTES = 64 * 1024;

/** A call of a guest. Its numbers of 32 bits are unsigned. */
type Call = (guest: WasiGuest, ...args: never[]) => number;

/** Makes the import object; `current` returns the guest that runs now. */
export function createImports(
  current: () => WasiGuest,
  clock: { wallTime(): number; monotonic(): number },
): WebAssembly.Imports {
  const calls: Record<string, Call> = {
    args_sizes_get: ({ memory, args }, count: number, size: number) => putSizes(memory, args, count, size),
    args_get: ({ memory, args }, pointers: number, buffer: number) => putStrings(memory, args, pointers, buffer),
    environ_sizes_get: ({ memory, environment }, count: number, size: number) =>
      putSizes(memory, environment, count, size),
    environ_get: ({ memory, environment }, pointers: number, buffer: number) =>
      putStrings(memory, environment, pointers, buffer),
    clock_time_get({ memory }, id: number, _precision: bigint, at: number) {
      if (id !== CLOCK.realtime && id !== CLOCK.monotonic) return ERRNO.inval;
      if (!memory.holds(at, 8)) return ERRNO.fault;
      const realtime = id === CLOCK.realtime;
      const ns = realtime ? BigInt(clock.wallTime()) * 1_000_000n : BigInt(Math.round(clock.monotonic() * 1e6));
      memory.view.setBigUint64(at, ns, true);
      return ERRNO.ok;
    },
    random_get({ memory }, at: number, length: number) {
      if (!memory.holds(at, length)) return ERRNO.fault;
      randomFillSync(memory.bytes, at, length);
      return ERRNO.ok;
    },
    poll_oneoff: pollOneoff,
    proc_exit(_guest, code: number) {
      // Exit codes are signed.
      throw new ProcExit(code | 0);
    },
    sched_yield: () => ERRNO.ok,
    fd_write: fdWrite,
    fd_read: fdRead,
    fd_close: ({ files }, fd: number) => files.close(fd),
    fd_fdstat_get({ memory }, fd: number, at: number) {
      if (fd > PREOPEN_FD) return ERRNO.badf;
      if (!memory.holds(at, FDSTAT_BYTES)) return ERRNO.fault;
      const { bytes } = memory;
      bytes.fill(0, at, at + 8);
      bytes[at] = fd === PREOPEN_FD ? FILE_TYPE.directory : FILE_TYPE.character;
      bytes.fill(0xff, at + 8, at + FDSTAT_BYTES);
      return ERRNO.ok;
    },
    fd_prestat_get({ memory }, fd: number, at: number) {
      if (fd !== PREOPEN_FD) return ERRNO.badf;
      if (!memory.holds(at, 8)) return ERRNO.fault;
      memory.view.setUint32(at, 0, true);
      memory.view.setUint32(at + 4, 1, true);
      return ERRNO.ok;
    },
    fd_prestat_dir_name({ memory }, fd: number, at: number, length: number) {
      if (fd !== PREOPEN_FD || length < 1) return ERRNO.badf;
      if (!memory.holds(at, 1)) return ERRNO.fault;
      memory.bytes[at] = 0x2f;
      return ERRNO.ok;
    },
    path_filestat_get: pathFilestat,
    path_open: pathOpen,
    http_request: (guest, ...args: number[]) => (guest.returning ? guest.rewound() : guest.fetch(args)),
  };
  const imports: WebAssembly.ModuleImports = {};
  for (const [name, call] of Object.entries(calls)) {
    imports[name] = (...args: (number | bigint)[]) => call(current(), ...(args.map(unsigned) as never[]));
  }
  const { http_request, ...wasi } = imports;
  // What nothing here needs is declared all the same.
  for (const name of WASI_FUNCTIONS) wasi[name] ??= () => ERRNO.nosys;
  return { [WASI_MODULE]: wasi, [HTTP_MODULE]: { [HTTP_FUNCTION]: http_request } };
}

const unsigned = (value: number | bigint) => (typeof value === 'number' ? value >>> 0 : value);

function putSizes(memory: GuestMemory, strings: Buffer[], count: number, size: number): number {
  if (!memory.holds(count, WORD_BYTES) || !memory.holds(size, WORD_BYTES)) return ERRNO.fault;
  memory.view.setUint32(count, strings.length, true);
  memory.view.setUint32(size, totalLength(strings), true);
  return ERRNO.ok;
}

function putStrings(memory: GuestMemory, strings: Buffer[], pointers: number, buffer: number): number {
  if (!memory.holds(pointers, strings.length * WORD_BYTES)) return ERRNO.fault;
  if (!memory.holds(buffer, totalLength(strings))) return ERRNO.fault;
  const { bytes, view } = memory;
  let at = buffer;
  for (const [i, text] of strings.entries()) {
    view.setUint32(pointers + i * WORD_BYTES, at, true);
    bytes.set(text, at);
    at += text.length;
  }
  return ERRNO.ok;
}

const totalLength = (parts: { length: number }[]) => parts.reduce((sum, { length }) => sum + length, 0);

/** Sleeps for the shortest of the relative clock subscriptions; nothing else can be waited for, as on a node. */
function pollOneoff(guest: WasiGuest, subscriptions: number, events: number, count: number, written: number): number {
  if (guest.returning) return guest.rewound();
  if (count === 0) return ERRNO.inval;
  const { memory } = guest;
  if (!memory.holds(subscriptions, count * SUBSCRIPTION_BYTES)) return ERRNO.fault;
  if (!memory.holds(events, count * EVENT_BYTES) || !memory.holds(written, WORD_BYTES)) return ERRNO.fault;
  const { bytes, view } = memory;
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const from = subscriptions + i * SUBSCRIPTION_BYTES;
    const to = events + i * EVENT_BYTES;
    const type = bytes[from + 8]!;
    const usable = type === EVENT_CLOCK && (view.getUint16(from + 40, true) & ABSOLUTE) === 0;
    if (usable) shortest = Math.min(shortest, Number(view.getBigUint64(from + 24, true)) / 1e6);
    bytes.copyWithin(to, from, from + 8);
    bytes.fill(0, to + 8, to + EVENT_BYTES);
    view.setUint16(to + 8, usable ? ERRNO.ok : ERRNO.notsup, true);
    bytes[to + 10] = type;
  }
  view.setUint32(written, count, true);
  return Number.isFinite(shortest) ? guest.sleep(shortest) : ERRNO.ok;
}

/** The parts of memory that vectors name, as far as one call goes; an errno when they can't be used. */
function readVectors(memory: GuestMemory, vectors: number, count: number): Uint8Array[] | number {
  if (!memory.holds(vectors, count * VECTOR_BYTES)) return ERRNO.fault;
  if (count > MAX_VECTORS) return ERRNO.inval;
  const { bytes, view } = memory;
  const parts: Uint8Array[] = [];
  let room = MAX_CALL_BYTES;
  for (let at = vectors; at < vectors + count * VECTOR_BYTES; at += VECTOR_BYTES) {
    const start = view.getUint32(at, true);
    const length = view.getUint32(at + WORD_BYTES, true);
    if (!memory.holds(start, length)) return ERRNO.fault;
    const part = bytes.subarray(start, start + Math.min(length, room));
    room -= part.length;
    parts.push(part);
  }
  return parts;
}

function fdWrite(guest: WasiGuest, fd: number, vectors: number, count: number, written: number): number {
  const { memory, files, output } = guest;
  const parts = readVectors(memory, vectors, count);
  if (typeof parts === 'number') return parts;
  if (!memory.holds(written, WORD_BYTES)) return ERRNO.fault;
  let total = 0;
  for (const part of parts) {
    if (fd === 1 || fd === 2) {
      output.write(Buffer.from(part).toString());
      total += part.length;
    } else {
      const taken = files.write(fd, part);
      if (taken < 0) return -taken;
      total += taken;
    }
  }
  memory.view.setUint32(written, total, true);
  return ERRNO.ok;
}

function fdRead(guest: WasiGuest, fd: number, vectors: number, count: number, read: number): number {
  const { memory, files } = guest;
  const parts = readVectors(memory, vectors, count);
  if (typeof parts === 'number') return parts;
  if (!memory.holds(read, WORD_BYTES)) return ERRNO.fault;
  let total = 0;
  for (const part of parts) {
    // Standard input is empty.
    const got = fd === 0 ? 0 : files.read(fd, part);
    if (got < 0) return -got;
    total += got;
    if (got < part.length) break;
  }
  memory.view.setUint32(read, total, true);
  return ERRNO.ok;
}

function pathOpen(
  guest: WasiGuest,
  fd: number,
  _lookup: number,
  path: number,
  length: number,
  flags: number,
  rights: bigint,
  _inheritedRights: bigint,
  _fdFlags: number,
  result: number,
): number {
  if (fd !== PREOPEN_FD) return ERRNO.badf;
  const { memory, files } = guest;
  const name = memory.text(path, length);
  if (name === undefined || !memory.holds(result, WORD_BYTES)) return ERRNO.fault;
  const opened = files.openFile(name, flags, rights);
  if (opened < 0) return -opened;
  memory.view.setUint32(result, opened, true);
  return ERRNO.ok;
}

function pathFilestat(guest: WasiGuest, fd: number, _lookup: number, path: number, length: number, at: number): number {
  if (fd !== PREOPEN_FD) return ERRNO.badf;
  const { memory, files } = guest;
  const name = memory.text(path, length);
  if (name === undefined || !memory.holds(at, FILESTAT_BYTES)) return ERRNO.fault;
  const found = files.stat(name);
  if (typeof found === 'number') return found;
  const { bytes, view } = memory;
  bytes.fill(0, at, at + FILESTAT_BYTES);
  view.setBigUint64(at, BigInt(found.dev), true);
  view.setBigUint64(at + 8, BigInt(found.ino), true);
  bytes[at + 16] = found.isDirectory() ? FILE_TYPE.directory : FILE_TYPE.regular;
  view.setBigUint64(at + 24, BigInt(found.nlink), true);
  view.setBigUint64(at + 32, BigInt(found.size), true);
  for (const [offset, ms] of [
    [40, found.atimeMs],
    [48, found.mtimeMs],
    [56, found.ctimeMs],
  ] as const) {
    view.setBigUint64(at + offset, BigInt(Math.round(ms * 1000)) * 1000n, true);
  }
  return ERRNO.ok;
}
