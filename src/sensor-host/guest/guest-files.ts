/**
 * The files of guests: inputs mounted under the preopened "/", read live. Errno values are WASI's, as a Bacalhau node
 * answers them; what is not mounted does not exist.
 */
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, posix, sep } from 'node:path';
import type { HostClock } from './host-clock.js';

/** A file or folder of this machine that guests see under `target`. */
export interface Mount {
  /** Absolute path for the guest. */
  target: string;
  /** Path on this machine. */
  source: string;
  /** Bacalhau never lets a module write to its inputs; here it may. */
  writable?: boolean | undefined;
}

export const ERRNO = {
  ok: 0,
  badf: 8,
  fault: 21,
  inval: 28,
  io: 29,
  noent: 44,
  nosys: 52,
  notsup: 58,
} as const;

const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 };
const RIGHT_WRITE = 64n;
const FIRST_FD = 4;
/** Thousands of guests watch the same few files: one `stat` serves all of them for this long, in milliseconds. */
const STAT_REUSE_MS = 100;

const ERRNO_OF: Record<string, number> = { ENOENT: 44, EACCES: 2, EISDIR: 31, ENOTDIR: 54, EROFS: 69, EPERM: 63 };

function errnoOf(error: unknown): number {
  return ERRNO_OF[(error as NodeJS.ErrnoException).code ?? ''] ?? ERRNO.io;
}

/** A guest's path as a place on this machine. */
interface Place {
  /** Source of the mount. */
  source: string;
  /** Path below the source; '' for the source itself. */
  below: string;
  writable: boolean;
}

/**
 * The real path of a place, without symbolic links. Throws as the file system does, and `ENOENT` for a link that leads
 * out of its mount. With `create` the file may be missing, but not its folder.
 */
function realPath({ source, below }: Place, create = false): string {
  const path = posix.join(source, below);
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch (error) {
    if (!create || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    real = posix.join(realpathSync.native(dirname(path)), basename(path));
  }
  if (below === '') return real;
  const root = realpathSync.native(source);
  if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return real;
  throw Object.assign(new Error(`${path} leads out of its mount`), { code: 'ENOENT' });
}

/** The state of files, for all guests of a host. */
export class StatCache {
  readonly #clock: HostClock;
  readonly #entries = new Map<string, { until: number; found: Stats | number }>();

  constructor(clock: HostClock) {
    this.#clock = clock;
  }

  /** The file's state, or an errno. */
  stat(place: Place): Stats | number {
    const key = `${place.source}\0${place.below}`;
    const now = this.#clock.monotonic();
    let entry = this.#entries.get(key);
    if (entry === undefined || entry.until <= now) {
      let found: Stats | number;
      try {
        found = statSync(realPath(place));
      } catch (error) {
        found = errnoOf(error);
      }
      entry = { until: now + STAT_REUSE_MS, found };
      this.#entries.set(key, entry);
    }
    return entry.found;
  }
}

/** The mounts and open files of one guest. */
export class FileTable {
  readonly #mounts: Mount[];
  readonly #stats: StatCache;
  #open: Map<number, { fd: number; writable: boolean }> | undefined;

  constructor(mounts: Mount[], stats: StatCache) {
    this.#mounts = mounts;
    this.#stats = stats;
  }

  /** State of the file at a path under "/", or an errno. */
  stat(path: string): Stats | number {
    const place = this.#locate(path);
    return place === undefined ? ERRNO.noent : this.#stats.stat(place);
  }

  /** Opens a file; a descriptor from 4 on, or an errno as a negative number. */
  openFile(path: string, flags: number, rights: bigint): number {
    const place = this.#locate(path);
    if (place === undefined) return -ERRNO.noent;
    const writes = place.writable && (rights & RIGHT_WRITE) !== 0n;
    // On an input that can't be written, creating and truncating do nothing, as on a Bacalhau node.
    const creates = writes && (flags & OPEN.create) !== 0;
    // The path is a real one: a link that is there by now would lead elsewhere.
    let mode = (writes ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NOFOLLOW;
    if (creates) mode |= constants.O_CREAT;
    if (writes && flags & OPEN.exclusive) mode |= constants.O_EXCL;
    if (flags & OPEN.directory) mode |= constants.O_DIRECTORY;
    try {
      const fd = openSync(realPath(place, creates), mode, 0o644);
      if (writes && flags & OPEN.truncate) ftruncateSync(fd);
      this.#open ??= new Map();
      let number = FIRST_FD;
      while (this.#open.has(number)) number++;
      this.#open.set(number, { fd, writable: writes });
      return number;
    } catch (error) {
      return -errnoOf(error);
    }
  }

  /** Reads at the file's position; bytes read, or an errno as a negative number. */
  read(number: number, into: Uint8Array): number {
    const file = this.#open?.get(number);
    if (file === undefined) return -ERRNO.badf;
    try {
      return readSync(file.fd, into);
    } catch (error) {
      return -errnoOf(error);
    }
  }

  /** Writes at the file's position; bytes written, or an errno as a negative number. */
  write(number: number, bytes: Uint8Array): number {
    const file = this.#open?.get(number);
    if (file === undefined || !file.writable) return -ERRNO.badf;
    try {
      return writeSync(file.fd, bytes);
    } catch (error) {
      return -errnoOf(error);
    }
  }

  close(number: number): number {
    const file = this.#open?.get(number);
    if (file === undefined) return ERRNO.badf;
    this.#open!.delete(number);
    closeSync(file.fd);
    return ERRNO.ok;
  }

  closeAll(): void {
    for (const number of [...(this.#open?.keys() ?? [])]) this.close(number);
  }

  /** Where a guest's path lies on this machine. `..` can't lead out of a mount: it is resolved first. */
  #locate(path: string): Place | undefined {
    const absolute = posix.normalize(`/${path}`);
    for (const { target, source, writable = false } of this.#mounts) {
      if (absolute === target) return { source, below: '', writable };
      const folder = target.endsWith('/') ? target : `${target}/`;
      if (absolute.startsWith(folder)) return { source, below: absolute.slice(folder.length), writable };
    }
    return undefined;
  }
}
