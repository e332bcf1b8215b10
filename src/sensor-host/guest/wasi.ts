/**
 * The imports of all guests: WASI preview 1 as far as modules like ours use it, and `http_request`. One object serves
 * every instance; `current` returns the guest that calls, so an instance needs no closures of its own.
 *
 * Every range of memory that a call reads or writes is checked first: a call that fails with `fault` has no effect.
 */
import { randomFillSync } from 'node:crypto';
import { HTTP_FUNCTION, HTTP_MODULE, WASI_FUNCTIONS, WASI_MODULE } from '../../modules/wasi-functions.js';
import type { GuestMemory } from './guest-memory.js';
import { ERRNO, WasiError } from './wasi-error.js';
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

/** A call of a guest. Its numbers of 32 bits are unsigned. Without a result it returns 0; it throws {@link WasiError}. */
type Call = (guest: WasiGuest, ...args: never[]) => number | undefined;

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
      memory.need(at, 8);
      if (id === CLOCK.realtime) memory.view.setBigUint64(at, BigInt(clock.wallTime()) * 1_000_000n, true);
      else putNumber(memory, at, Math.round(clock.monotonic() * 1e6));
    },
    random_get({ memory }, at: number, length: number): undefined {
      memory.need(at, length);
      randomFillSync(memory.bytes, at, length);
    },
    poll_oneoff: pollOneoff,
    proc_exit(_guest, code: number) {
      // Exit codes are signed.
      throw new ProcExit(code | 0);
    },
    sched_yield: () => ERRNO.ok,
    fd_write: fdWrite,
    fd_read: fdRead,
    fd_close({ files }, fd: number): undefined {
      files.close(fd);
    },
    fd_fdstat_get({ memory }, fd: number, at: number) {
      if (fd > PREOPEN_FD) return ERRNO.badf;
      memory.need(at, FDSTAT_BYTES);
      const { bytes } = memory;
      bytes.fill(0, at, at + 8);
      bytes[at] = fd === PREOPEN_FD ? FILE_TYPE.directory : FILE_TYPE.character;
      bytes.fill(0xff, at + 8, at + FDSTAT_BYTES);
    },
    fd_prestat_get({ memory }, fd: number, at: number) {
      if (fd !== PREOPEN_FD) return ERRNO.badf;
      memory.need(at, 8);
      memory.view.setUint32(at, 0, true);
      memory.view.setUint32(at + 4, 1, true);
    },
    fd_prestat_dir_name({ memory }, fd: number, at: number, length: number) {
      if (fd !== PREOPEN_FD || length < 1) return ERRNO.badf;
      memory.need(at, 1);
      memory.bytes[at] = 0x2f;
    },
    path_filestat_get: pathFilestat,
    path_open: pathOpen,
    http_request: (guest, ...args: number[]) => guest.resumed() ?? guest.fetch(args),
  };
  const imports: WebAssembly.ModuleImports = {};
  for (const [name, call] of Object.entries(calls)) {
    imports[name] = (...args: (number | bigint)[]) => {
      try {
        for (let i = 0; i < args.length; i++) {
          const value = args[i];
          if (typeof value === 'number' && value < 0) args[i] = value >>> 0;
        }
        return call(current(), ...(args as never[])) ?? ERRNO.ok;
      } catch (error) {
        if (error instanceof WasiError) return error.errno;
        throw error;
      }
    };
  }
  const { http_request, ...wasi } = imports;
  // What nothing here needs is declared all the same.
  for (const name of WASI_FUNCTIONS) wasi[name] ??= () => ERRNO.nosys;
  return { [WASI_MODULE]: wasi, [HTTP_MODULE]: { [HTTP_FUNCTION]: http_request } };
}

/** A whole number as 64 bits; guests ask for the time often, and a `BigInt` takes longer. */
function putNumber({ view }: GuestMemory, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function putSizes(memory: GuestMemory, strings: Buffer[], count: number, size: number): undefined {
  memory.need(count, WORD_BYTES);
  memory.need(size, WORD_BYTES);
  memory.view.setUint32(count, strings.length, true);
  memory.view.setUint32(size, totalLength(strings), true);
}

function putStrings(memory: GuestMemory, strings: Buffer[], pointers: number, buffer: number): undefined {
  memory.need(pointers, strings.length * WORD_BYTES);
  memory.need(buffer, totalLength(strings));
  const { bytes, view } = memory;
  let at = buffer;
  for (const [i, text] of strings.entries()) {
    view.setUint32(pointers + i * WORD_BYTES, at, true);
    bytes.set(text, at);
    at += text.length;
  }
}

const totalLength = (parts: { length: number }[]) => parts.reduce((sum, { length }) => sum + length, 0);

/** Sleeps for the shortest of the relative clock subscriptions; nothing else can be waited for, as on a node. */
function pollOneoff(guest: WasiGuest, subscriptions: number, events: number, count: number, written: number): number {
  const resumed = guest.resumed();
  if (resumed !== undefined) return resumed;
  if (count === 0) return ERRNO.inval;
  const { memory } = guest;
  memory.need(subscriptions, count * SUBSCRIPTION_BYTES);
  memory.need(events, count * EVENT_BYTES);
  memory.need(written, WORD_BYTES);
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

/** The parts of memory that vectors name, as far as one call goes; `counted`: where their length is written afterwards. */
function readVectors(memory: GuestMemory, vectors: number, count: number, counted: number): Uint8Array[] {
  memory.need(vectors, count * VECTOR_BYTES);
  if (count > MAX_VECTORS) throw new WasiError(ERRNO.inval);
  const { bytes, view } = memory;
  const parts: Uint8Array[] = [];
  let room = MAX_CALL_BYTES;
  for (let at = vectors; at < vectors + count * VECTOR_BYTES; at += VECTOR_BYTES) {
    const start = view.getUint32(at, true);
    const length = view.getUint32(at + WORD_BYTES, true);
    memory.need(start, length);
    const part = bytes.subarray(start, start + Math.min(length, room));
    room -= part.length;
    parts.push(part);
  }
  memory.need(counted, WORD_BYTES);
  return parts;
}

function fdWrite(
  { memory, files, output }: WasiGuest,
  fd: number,
  vectors: number,
  count: number,
  written: number,
): undefined {
  let total = 0;
  for (const part of readVectors(memory, vectors, count, written)) {
    if (fd === 1 || fd === 2) output.write(Buffer.from(part).toString());
    total += fd === 1 || fd === 2 ? part.length : files.write(fd, part);
  }
  memory.view.setUint32(written, total, true);
}

function fdRead({ memory, files }: WasiGuest, fd: number, vectors: number, count: number, read: number): undefined {
  let total = 0;
  for (const part of readVectors(memory, vectors, count, read)) {
    // Standard input is empty.
    const got = fd === 0 ? 0 : files.read(fd, part);
    total += got;
    if (got < part.length) break;
  }
  memory.view.setUint32(read, total, true);
}

function pathOpen(
  { memory, files }: WasiGuest,
  fd: number,
  _lookup: number,
  path: number,
  length: number,
  flags: number,
  rights: bigint,
  _inheritedRights: bigint,
  _fdFlags: number,
  result: number,
): number | undefined {
  if (fd !== PREOPEN_FD) return ERRNO.badf;
  memory.need(path, length);
  memory.need(result, WORD_BYTES);
  memory.view.setUint32(result, files.openFile(memory.text(path, length)!, flags, rights), true);
}

function pathFilestat(
  { memory, files }: WasiGuest,
  fd: number,
  _lookup: number,
  path: number,
  length: number,
  at: number,
): number | undefined {
  if (fd !== PREOPEN_FD) return ERRNO.badf;
  memory.need(path, length);
  memory.need(at, FILESTAT_BYTES);
  const found = files.stat(memory.text(path, length)!);
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
}
