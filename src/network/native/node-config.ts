/** Node configurations: the documents in `templates/nodes/` with this machine's addresses filled in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { writeFileAtomic } from '../../lib/files.js';

/** Two folders up from here in `src` as in `dist`. */
const FOLDER = fileURLToPath(new URL('../../../templates/nodes/', import.meta.url));

/** A path such as `Compute.Orchestrators`, and what it shall be. */
export type Settings = Record<string, string | number | string[] | Record<string, string>>;

/** Writes the configuration of one node into its folder; gives its path. */
export function writeNodeConfig(
  template: 'orchestrator' | 'edge' | 'web-services',
  folder: string,
  settings: Settings,
): string {
  const document = parseDocument(readFileSync(`${FOLDER}${template}.yaml`, 'utf8'));
  for (const [path, value] of Object.entries(settings)) document.setIn(path.split('.'), document.createNode(value));
  const file = join(folder, 'node.yaml');
  writeFileAtomic(file, document.toString());
  return file;
}
