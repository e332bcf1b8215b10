/** What /proc says about files that are deleted and still open. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import type { OpenFile } from './machine.js';

const DELETED = ' (deleted)';

/** Of one process, in a folder as the process sees it; none when it is gone. */
export function deletedFilesOf(name: string, pid: number, folder: string): OpenFile[] {
  const fds = `/proc/${pid}/fd`;
  return unlessGone(() => readdirSync(fds)).flatMap((fd) =>
    unlessGone(() => {
      const target = readlinkSync(`${fds}/${fd}`);
      if (!target.startsWith(folder + sep) || !target.endsWith(DELETED)) return [];
      return [{ name, path: target.slice(0, -DELETED.length), id: `${pid} ${fd} ${statSync(`${fds}/${fd}`).ino}` }];
    }),
  );
}

/** Processes end, and close files, while they are looked at. */
function unlessGone<T>(look: () => T[]): T[] {
  try {
    return look();
  } catch {
    return [];
  }
}
