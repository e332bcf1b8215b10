/** Damaged files are renamed and kept, so that somebody can look into them. */
import { renameSync } from 'node:fs';

/** Renames a damaged file to `….damaged`, replacing an older one; returns the new path. */
export function quarantine(path: string): string {
  const quarantined = `${path}.damaged`;
  renameSync(path, quarantined);
  return quarantined;
}
