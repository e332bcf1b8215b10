/** A small disk that can be filled. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const NEEDS_MOUNT = 'needs root, and a kernel that mounts tmpfs';

/** Writes until there is no room. */
export function fillDisk(file: string): void {
  // Large pieces first: thousands of times as fast.
  for (const bytes of [1_048_576, 512]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes, 1), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** Whether a small disk can be made here: as root, where the kernel lets it. */
export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    const script = 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d" && rmdir "$d"';
    execFileSync('sh', ['-c', script], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A disk of its own under an empty folder; only where {@link canMount}. */
export class SmallDisk {
  readonly #folder: string;

  constructor(folder: string, megabytes: number) {
    this.#folder = folder;
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  }

  fill(): void {
    fillDisk(this.#ballast);
  }

  makeRoom(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Also while processes have files open on it. */
  unmount(): void {
    execFileSync('umount', ['-l', this.#folder]);
  }

  get #ballast(): string {
    return join(this.#folder, 'ballast');
  }
}
