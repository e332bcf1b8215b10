/** Node configurations: the documents in `templates/nodes/` with this machine's addresses filled in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { writeFileAtomic } from '../../lib/fs/durable-files.js';

/** Two folders up from here in `src` as in `dist`. */
const FOLDER = fileURLToPath(new URL('../../../templates/nodes/', import.meta.url));

/** A path such as `Compute.Orchestrators`, and what it shall be. */
export type Settings = Record<string, string | number | string[] | Record<string, string>>;

/** In the node's folder. */
export const CONFIG_FILE = 'node.yaml';

/** Writes the configuration of one node into its folder. */
export function writeNodeConfig(
  template: 'orchestrator' | 'edge' | 'web-services',
  folder: string,
  settings: Settings,
): void {
  const document = parseDocument(readFileSync(`${FOLDER}${template}.yaml`, 'utf8'));
  for (const [path, value] of Object.entries(settings)) document.setIn(path.split('.'), document.createNode(value));
  writeFileAtomic(join(folder, CONFIG_FILE), document.toString());
}
