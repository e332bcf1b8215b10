/** Damaged files are moved out of the way, and kept for a look into them. */
import { renameSync } from 'node:fs';

/** Renames a damaged file to `….damaged`, replacing an older one; gives the new path. */
export function quarantine(path: string): string {
  const quarantined = `${path}.damaged`;
  renameSync(path, quarantined);
  return quarantined;
}
