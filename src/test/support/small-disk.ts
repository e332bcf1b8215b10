/** A small disk that can be filled. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

export const NEEDS_MOUNT = 'needs root, and a kernel that mounts tmpfs';

/** Writes until there is no room. */
export function fillDisk(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(512, 1), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
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
