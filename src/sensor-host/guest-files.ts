/**
 * The files of guests: inputs mounted under the preopened "/", read live. Errno values are WASI's, as a Bacalhau node
 * answers them; what is not mounted does not exist.
 */
import { closeSync, constants, ftruncateSync, openSync, readSync, type Stats, statSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import type { HostClock } from './guest-clock.js';

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
  exist: 20,
  inval: 28,
  io: 29,
  noent: 44,
  nosys: 52,
  notsup: 58,
  perm: 63,
} as const;

const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 };
const RIGHT_WRITE = 64n;
const FIRST_FD = 4;
/** Thousands of guests watch the same few files: one look serves all of them for so long, in milliseconds. */
const STAT_REUSE_MS = 100;

const ERRNO_OF: Record<string, number> = { ENOENT: 44, EACCES: 2, EISDIR: 31, ENOTDIR: 54, EROFS: 69, EPERM: 63 };

function errnoOf(error: unknown): number {
  return ERRNO_OF[(error as NodeJS.ErrnoException).code ?? ''] ?? ERRNO.io;
}

/** Looks at files for all guests of a host. */
export class StatCache {
  private readonly entries = new Map<string, { until: number; found: Stats | number }>();

  constructor(private readonly clock: HostClock) {}

  /** The file's state, or an errno. */
  stat(path: string): Stats | number {
    const now = this.clock.monotonic();
    let entry = this.entries.get(path);
    if (entry === undefined || entry.until <= now) {
      let found: Stats | number;
      try {
        found = statSync(path);
      } catch (error) {
        found = errnoOf(error);
      }
      entry = { until: now + STAT_REUSE_MS, found };
      this.entries.set(path, entry);
    }
    return entry.found;
  }
}

/** The mounts and open files of one guest. */
export class FileTable {
  private open: Map<number, { fd: number; writable: boolean }> | undefined;

  constructor(
    private readonly mounts: Mount[],
    private readonly stats: StatCache,
  ) {}

  /** State of the file at a path under "/", or an errno. */
  stat(path: string): Stats | number {
    const place = this.locate(path);
    return place === undefined ? ERRNO.noent : this.stats.stat(place.path);
  }

  /** Opens a file; a descriptor from 4 on, or an errno as a negative number. */
  openFile(path: string, flags: number, rights: bigint): number {
    const place = this.locate(path);
    if (place === undefined) return -ERRNO.noent;
    const writes = place.writable && (rights & RIGHT_WRITE) !== 0n;
    // On an input that can't be written, creating and truncating do nothing, as on a Bacalhau node.
    let mode = writes ? constants.O_RDWR : constants.O_RDONLY;
    if (writes && flags & OPEN.create) mode |= constants.O_CREAT;
    if (writes && flags & OPEN.exclusive) mode |= constants.O_EXCL;
    if (flags & OPEN.directory) mode |= constants.O_DIRECTORY;
    try {
      const fd = openSync(place.path, mode, 0o644);
      if (writes && flags & OPEN.truncate) ftruncateSync(fd);
      this.open ??= new Map();
      let number = FIRST_FD;
      while (this.open.has(number)) number++;
      this.open.set(number, { fd, writable: writes });
      return number;
    } catch (error) {
      return -errnoOf(error);
    }
  }

  /** Reads at the file's position; bytes read, or an errno as a negative number. */
  read(number: number, into: Uint8Array): number {
    const file = this.open?.get(number);
    if (file === undefined) return -ERRNO.badf;
    try {
      return readSync(file.fd, into);
    } catch (error) {
      return -errnoOf(error);
    }
  }

  /** Writes at the file's position; bytes written, or an errno as a negative number. */
  write(number: number, bytes: Uint8Array): number {
    const file = this.open?.get(number);
    if (file === undefined || !file.writable) return -ERRNO.badf;
    try {
      return writeSync(file.fd, bytes);
    } catch (error) {
      return -errnoOf(error);
    }
  }

  close(number: number): number {
    const file = this.open?.get(number);
    if (file === undefined) return ERRNO.badf;
    this.open!.delete(number);
    closeSync(file.fd);
    return ERRNO.ok;
  }

  closeAll(): void {
    for (const number of [...(this.open?.keys() ?? [])]) this.close(number);
  }

  /** Where a guest's path lies on this machine. `..` can't lead out of a mount: it is resolved before the look-up. */
  private locate(path: string): { path: string; writable: boolean } | undefined {
    const absolute = posix.normalize(`/${path}`);
    for (const { target, source, writable = false } of this.mounts) {
      if (absolute === target) return { path: source, writable };
      const folder = target.endsWith('/') ? target : `${target}/`;
      if (absolute.startsWith(folder)) return { path: posix.join(source, absolute.slice(folder.length)), writable };
    }
    return undefined;
  }
}
