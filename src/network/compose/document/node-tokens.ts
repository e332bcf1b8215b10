/** The variables of the compose file with the sensor tokens of single nodes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../lib/fs/durable-files.js';
import { newToken } from '../../../lib/net/bearer-token.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import { edgeNames } from '../../edge-nodes.js';
import { sensorEnvOf } from '../../sensor-tokens.js';

const KEY_LINE = 'WASM_SENSORS_SENSOR_KEY=';

/** Without it, `SENSOR_TOKEN` is the token of all nodes. */
export const tokenVariableOf = (node: string) => `SENSOR_TOKEN_${node.replaceAll('-', '_').toUpperCase()}`;

/** Each node's own token, by variable; none without a key. */
export function nodeTokens(sensorKey: string | undefined, nodesPerRegion: number): Record<string, string> {
  if (sensorKey === undefined) return {};
  const tokenOf = (node: string) => sensorEnvOf({ sensorEnv: {}, sensorKey }, node).SENSOR_TOKEN!;
  return Object.fromEntries(edgeNames(nodesPerRegion).map(({ name }) => [tokenVariableOf(name), tokenOf(name)]));
}

/** Writes `.env` with a key and a token for each node; one that exists stays. Resolves with the path, if it was written. */
export function writeNodeTokens(folder: string, nodesPerRegion: number): string[] {
  const path = join(folder, '.env');
  if (existsSync(path)) return [];
  const key = newToken();
  const tokens = Object.entries(nodeTokens(key, nodesPerRegion)).map(([name, token]) => `${name}=${token}`);
  const template = readFileSync(`${packageRoot}templates/env.template`, 'utf8');
  writeFileAtomic(path, template.replace(KEY_LINE, [KEY_LINE + key, ...tokens].join('\n')), 0o600);
  return ['.env'];
}
