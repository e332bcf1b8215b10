/**
 * The imports of all guests: WASI preview 1 as far as modules like ours use it, and `http_request`. One object serves
 * every instance; `current` says whose call it is, so an instance costs no closures of its own.
 */
import { randomFillSync } from 'node:crypto';
import { type Guest, ProcExit } from './guest.js';
import { ERRNO } from './guest-files.js';

const PREOPEN_FD = 3;
const FILE_TYPE = { directory: 3, regular: 4, character: 2 };
const EVENT_CLOCK = 0;
const ABSOLUTE = 1;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;

/** Calls of WASI preview 1 that are declared but do nothing here. */
const UNSUPPORTED = [
  'clock_res_get fd_advise fd_allocate fd_datasync fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get',
  'fd_filestat_set_size fd_filestat_set_times fd_pread fd_pwrite fd_readdir fd_renumber fd_seek fd_sync fd_tell',
  'path_create_directory path_filestat_set_times path_link path_readlink path_remove_directory path_rename path_symlink',
  'path_unlink_file proc_raise sched_yield sock_accept sock_recv sock_send sock_shutdown',
].flatMap((names) => names.split(' '));

/** Makes the import object; `current` returns the guest that runs now. */
export function createImports(
  current: () => Guest,
  clock: { wallTime(): number; monotonic(): number },
): WebAssembly.Imports {
  const wasi: Record<string, (...args: never[]) => unknown> = {
    args_sizes_get: (count: number, size: number) => putSizes(current(), current().args, count, size),
    args_get: (pointers: number, buffer: number) => putStrings(current(), current().args, pointers, buffer),
    environ_sizes_get: (count: number, size: number) => putSizes(current(), current().environment, count, size),
    environ_get: (pointers: number, buffer: number) => putStrings(current(), current().environment, pointers, buffer),
    clock_time_get(id: number, _precision: bigint, at: number) {
      if (id > 1) return ERRNO.inval;
      const ns = id === 0 ? BigInt(clock.wallTime()) * 1_000_000n : BigInt(Math.round(clock.monotonic() * 1e6));
      current().memory.view.setBigUint64(at, ns, true);
      return ERRNO.ok;
    },
    random_get(at: number, length: number) {
      randomFillSync(current().memory.bytes, at, length);
      return ERRNO.ok;
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, written: number) =>
      pollOneoff(current(), subscriptions, events, count, written),
    proc_exit(code: number) {
      throw new ProcExit(code);
    },
    fd_write: (fd: number, vectors: number, count: number, written: number) =>
      fdWrite(current(), fd, vectors, count, written),
    fd_read: (fd: number, vectors: number, count: number, read: number) => fdRead(current(), fd, vectors, count, read),
    fd_close: (fd: number) => current().files.close(fd),
    fd_fdstat_get(fd: number, at: number) {
      if (fd > PREOPEN_FD) return ERRNO.badf;
      const { bytes } = current().memory;
      bytes.fill(0, at, at + 24);
      bytes[at] = fd === PREOPEN_FD ? FILE_TYPE.directory : FILE_TYPE.character;
      bytes.fill(0xff, at + 8, at + 24);
      return ERRNO.ok;
    },
    fd_prestat_get(fd: number, at: number) {
      if (fd !== PREOPEN_FD) return ERRNO.badf;
      current().memory.view.setUint32(at, 0, true);
      current().memory.view.setUint32(at + 4, 1, true);
      return ERRNO.ok;
    },
    fd_prestat_dir_name(fd: number, at: number, length: number) {
      if (fd !== PREOPEN_FD || length < 1) return ERRNO.badf;
      current().memory.bytes[at] = 0x2f;
      return ERRNO.ok;
    },
    path_filestat_get: (fd: number, _lookup: number, path: number, length: number, at: number) =>
      pathFilestat(current(), fd, path, length, at),
    path_open(...args: unknown[]) {
      const [fd, , path, length, flags, rights, , , result] = args as [
        number,
        number,
        number,
        number,
        number,
        bigint,
        bigint,
        number,
        number,
      ];
      const guest = current();
      if (fd !== PREOPEN_FD) return ERRNO.badf;
      const opened = guest.files.openFile(guest.memory.text(path, length) ?? '', flags, rights);
      if (opened < 0) return -opened;
      guest.memory.view.setUint32(result, opened, true);
      return ERRNO.ok;
    },
  };
  for (const name of UNSUPPORTED) wasi[name] = () => ERRNO.nosys;
  return {
    wasi_snapshot_preview1: wasi as WebAssembly.ModuleImports,
    'wasi:http/requests': {
      http_request(...args: number[]) {
        if (current().returning) return current().rewound();
        // Addresses and lengths are unsigned.
        for (let i = 0; i < args.length; i++) args[i]! >>>= 0;
        return current().fetch(args);
      },
    },
  };
}

function putSizes(guest: Guest, strings: Buffer[], count: number, size: number): number {
  const { view } = guest.memory;
  view.setUint32(count, strings.length, true);
  view.setUint32(
    size,
    strings.reduce((sum, text) => sum + text.length, 0),
    true,
  );
  return ERRNO.ok;
}

function putStrings(guest: Guest, strings: Buffer[], pointers: number, buffer: number): number {
  const { bytes, view } = guest.memory;
  for (const text of strings) {
    view.setUint32(pointers, buffer, true);
    bytes.set(text, buffer);
    pointers += 4;
    buffer += text.length;
  }
  return ERRNO.ok;
}

/** Sleeps for the shortest of the relative clock subscriptions; nothing else can be waited for, as on a node. */
function pollOneoff(guest: Guest, subscriptions: number, events: number, count: number, written: number): number {
  if (guest.returning) return guest.rewound();
  if (count === 0) return ERRNO.inval;
  const { bytes, view } = guest.memory;
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

function fdWrite(guest: Guest, fd: number, vectors: number, count: number, written: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    const { bytes, view } = guest.memory;
    const at = view.getUint32(vectors + i * 8, true);
    const part = bytes.subarray(at, at + view.getUint32(vectors + i * 8 + 4, true));
    if (fd === 1 || fd === 2) {
      guest.output.write(Buffer.from(part).toString());
      total += part.length;
    } else {
      const count = guest.files.write(fd, part);
      if (count < 0) return -count;
      total += count;
    }
  }
  guest.memory.view.setUint32(written, total, true);
  return ERRNO.ok;
}

function fdRead(guest: Guest, fd: number, vectors: number, count: number, read: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    const { bytes, view } = guest.memory;
    const at = view.getUint32(vectors + i * 8, true);
    const length = view.getUint32(vectors + i * 8 + 4, true);
    // Standard input is empty.
    const got = fd === 0 ? 0 : guest.files.read(fd, bytes.subarray(at, at + length));
    if (got < 0) return -got;
    total += got;
    if (got < length) break;
  }
  guest.memory.view.setUint32(read, total, true);
  return ERRNO.ok;
}

function pathFilestat(guest: Guest, fd: number, path: number, length: number, at: number): number {
  if (fd !== PREOPEN_FD) return ERRNO.badf;
  const found = guest.files.stat(guest.memory.text(path, length) ?? '');
  if (typeof found === 'number') return found;
  const { bytes, view } = guest.memory;
  bytes.fill(0, at, at + 64);
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
