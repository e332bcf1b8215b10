/**
 * Disk space that is taken early, so that it can be given up when the disk is full: what must still be written then, such
 * as a deletion, has room.
 */
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Free space, in reserves, below which one is pressing. */
const PRESSING = 64;

export class DiskReserve {
  /** `path`: the file that takes up the space. `wanted`: bytes on a large disk; on a small one it takes an eighth. */
  constructor(
    private readonly path: string,
    private readonly wanted: number,
  ) {}

  get bytes(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Whether the disk could be full within seconds, so that the space should be reserved at once. */
  get isPressing(): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.path));
    return bavail * bsize < PRESSING * this.wanted;
  }

  /** Reserves the space, unless that is done. Returns whether it is; false: there is too little of it. */
  take(): boolean {
    if (this.bytes > 0) return true;
    const { bavail, bsize, blocks } = statfsSync(dirname(this.path));
    const bytes = Math.min(this.wanted, Math.floor((blocks * bsize) / 8));
    if (bavail * bsize < 2 * bytes) return false;
    try {
      // A file of holes would take up no space.
      writeFileSync(this.path, Buffer.alloc(bytes, 1), { mode: 0o600 });
      return true;
    } catch {
      this.release();
      return false;
    }
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}
