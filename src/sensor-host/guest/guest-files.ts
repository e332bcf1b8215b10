/** The files of guests: inputs mounted under the preopened "/", read live; what is not mounted does not exist. */
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
import type { Mount } from '../host-schemas.js';
import type { HostClock } from './host-clock.js';
import { ERRNO, WasiError } from './wasi-error.js';

const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 };
const RIGHT_WRITE = 64n;
const FIRST_FD = 4;
/** Thousands of guests watch the same few files: one `stat` serves all of them for this long, in milliseconds. */
const STAT_REUSE_MS = 100;

const ERRNO_OF: Record<string, number> = { ENOENT: 44, EACCES: 2, EISDIR: 31, ENOTDIR: 54, EROFS: 69, EPERM: 63 };

/** Runs a call of the file system. Throws its failure as a {@link WasiError}. */
function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WasiError) throw error;
    throw new WasiError(ERRNO_OF[(error as NodeJS.ErrnoException).code ?? ''] ?? ERRNO.io);
  }
}

/** A guest's path as a place on this machine. */
interface Place {
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
  throw new WasiError(ERRNO.noent);
}

function statOf(place: Place): Stats | WasiError {
  try {
    return attempt(() => statSync(realPath(place)));
  } catch (error) {
    return error as WasiError;
  }
}

/** The state of files, for all guests of a host. */
export class StatCache {
  readonly #entries = new Map<string, { until: number; found: Stats | WasiError }>();

  constructor(private readonly clock: HostClock) {}

  stat(place: Place): Stats {
    const key = `${place.source}\0${place.below}`;
    const now = this.clock.monotonic();
    let entry = this.#entries.get(key);
    if (entry === undefined || entry.until <= now) {
      entry = { until: now + STAT_REUSE_MS, found: statOf(place) };
      this.#entries.set(key, entry);
    }
    if (entry.found instanceof WasiError) throw entry.found;
    return entry.found;
  }
}

/** The mounts and open files of one guest. Each call throws {@link WasiError}. */
export class FileTable {
  readonly #open = new Map<number, { fd: number; writable: boolean }>();

  constructor(
    private readonly mounts: Mount[],
    private readonly stats: StatCache,
  ) {}

  stat(path: string): Stats {
    return this.stats.stat(this.#locate(path));
  }

  /** Opens a file; returns a descriptor from 4 on. */
  openFile(path: string, flags: number, rights: bigint): number {
    const place = this.#locate(path);
    const writes = place.writable && (rights & RIGHT_WRITE) !== 0n;
    // On an input that can't be written, creating and truncating do nothing, as on a Bacalhau node.
    const creates = writes && (flags & OPEN.create) !== 0;
    // The path is a real one: a link that is there by now would lead elsewhere.
    let mode = (writes ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NOFOLLOW;
    if (creates) mode |= constants.O_CREAT;
    if (writes && flags & OPEN.exclusive) mode |= constants.O_EXCL;
    if (flags & OPEN.directory) mode |= constants.O_DIRECTORY;
    const fd = attempt(() => openSync(realPath(place, creates), mode, 0o644));
    if (writes && flags & OPEN.truncate) ftruncateSync(fd);
    let number = FIRST_FD;
    while (this.#open.has(number)) number++;
    this.#open.set(number, { fd, writable: writes });
    return number;
  }

  read(number: number, into: Uint8Array): number {
    return attempt(() => readSync(this.#fileOf(number).fd, into));
  }

  write(number: number, bytes: Uint8Array): number {
    const file = this.#fileOf(number);
    if (!file.writable) throw new WasiError(ERRNO.badf);
    return attempt(() => writeSync(file.fd, bytes));
  }

  close(number: number): void {
    closeSync(this.#fileOf(number).fd);
    this.#open.delete(number);
  }

  closeAll(): void {
    for (const number of [...this.#open.keys()]) this.close(number);
  }

  #fileOf(number: number): { fd: number; writable: boolean } {
    const file = this.#open.get(number);
    if (file === undefined) throw new WasiError(ERRNO.badf);
    return file;
  }

  /** Where a guest's path lies on this machine. `..` can't lead out of a mount: it is resolved first. */
  #locate(path: string): Place {
    const absolute = posix.normalize(`/${path}`);
    for (const { target, source, writable = false } of this.mounts) {
      if (absolute === target) return { source, below: '', writable };
      const folder = target.endsWith('/') ? target : `${target}/`;
      if (absolute.startsWith(folder)) return { source, below: absolute.slice(folder.length), writable };
    }
    throw new WasiError(ERRNO.noent);
  }
}
