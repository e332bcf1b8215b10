/** Files that can't be read as what they should hold make way, and are kept for whoever wants to look into them. */
import { renameSync } from 'node:fs';

/** Renames a damaged file beside, replacing an older one that was set aside; gives its new path. */
export function quarantine(path: string): string {
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  return aside;
}
