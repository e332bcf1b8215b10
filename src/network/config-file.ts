/** The YAML files that sensors of a region re-read while they run. */
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/fs/durable-files.js';

/** One file of a region, under the names that it has here and on the nodes. */
export type ConfigFile = Record<'here' | 'onNode', string>;

/** Folder of the files, on networks whose nodes are on this machine. */
export const configFolder = (stateDir: string): string => join(stateDir, 'config');

/** The file of a region; created without any value when it does not exist. `onNode`: the folder as nodes know it. */
export function regionConfigFile(folder: string, region: string, onNode = folder): ConfigFile {
  const name = `${encodeURIComponent(region)}.yaml`;
  const here = join(folder, name);
  if (!existsSync(here)) {
    writeFileAtomic(
      here,
      `# Configuration of the sensors in ${region}; they look at this file every second. It is stronger than the flags of\n` +
        '# `deploy publisher` and weaker than `config set`. What is left out falls back to those flags.\n' +
        "#\n# color: '#00ff88'\n# emoji: 3\n# randomOff: true\n# interval: 5\n# paused: false\n",
    );
    // Sensors on nodes that run as another user read it, too; it holds no secrets.
    chmodSync(here, 0o644);
  }
  return { here, onNode: `${onNode}/${name}` };
}
