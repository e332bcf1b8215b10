/** The variables of the compose file with the sensor tokens of single nodes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../lib/fs/durable-files.js';
import { newToken } from '../../../lib/net/bearer-token.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import { plannedEdges } from '../../edge-nodes.js';
import { REGIONS } from '../../network.js';
import type { PlanContext } from '../../provider.js';
import { relaySecrets } from '../../relays.js';
import { sensorEnvOf } from '../../sensor-tokens.js';

const KEY_LINE = 'WASM_SENSORS_SENSOR_KEY=';

/** Without it, `SENSOR_TOKEN` is the token of all nodes. */
const tokenVariableOf = (node: string) => `SENSOR_TOKEN_${node.replaceAll('-', '_').toUpperCase()}`;

const relayTokenVariableOf = (region: string) => `RELAY_TOKEN_${region.toUpperCase()}`;

type TokenHolders = Pick<PlanContext, 'nodesPerRegion' | 'relays'>;

const PASSWORD_LINE = 'POSTGRES_PASSWORD=';

/** The tokens of each node and relay, by variable; none without a key. */
export function ownTokens(sensorKey: string | undefined, { nodesPerRegion, relays }: TokenHolders) {
  if (sensorKey === undefined) return {};
  const secrets = { sensorEnv: {}, sensorKey };
  const tokens: Record<string, string | undefined> = {};
  for (const { name } of plannedEdges(nodesPerRegion))
    tokens[tokenVariableOf(name)] = sensorEnvOf(secrets, name).SENSOR_TOKEN;
  for (const region of relays ? REGIONS : [])
    tokens[relayTokenVariableOf(region)] = relaySecrets(secrets, region).relayToken;
  return tokens;
}

/**
 * Writes `.env` with a key, a token for each node and relay, and the password of a database server, where there is one; a file
 * that exists stays. Returns the path, if it was written.
 */
export function writeOwnTokens(folder: string, holders: TokenHolders & { postgres: boolean }): string[] {
  const path = join(folder, '.env');
  if (existsSync(path)) return [];
  const key = newToken();
  const tokens = Object.entries(ownTokens(key, holders)).map(([name, token]) => `${name}=${token}`);
  const template = readFileSync(`${packageRoot}templates/env.template`, 'utf8');
  const text = template.replace(KEY_LINE, [KEY_LINE + key, ...tokens].join('\n'));
  const password = holders.postgres ? newToken() : '';
  writeFileAtomic(path, text.replace(PASSWORD_LINE, PASSWORD_LINE + password), 0o600);
  return ['.env'];
}
