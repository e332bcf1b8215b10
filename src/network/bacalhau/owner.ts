/** Whose jobs are whose on a cluster that several people use: each state folder has a random id, which its jobs carry. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createFileAtomic, readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';

/** The id of this state folder, made when it is first asked for. */
export function ownerOf(stateDir: string): string {
  const file = join(stateDir, 'owner');
  const own = () => /^[0-9a-f]{16}$/m.exec(readIfExists(file) ?? '')?.[0];
  const known = own();
  if (known !== undefined) return known;
  const fresh = `${randomBytes(8).toString('hex')}\n`;
  // Of several commands that begin at the same time, one makes it; a damaged file is replaced.
  if (!createFileAtomic(file, fresh) && own() === undefined) writeFileAtomic(file, fresh);
  return own() ?? fresh.trim();
}
