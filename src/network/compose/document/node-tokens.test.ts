import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseEnv } from 'dotenv';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { readSensorToken } from '../../../protocol/sensor-token.js';
import { REGIONS } from '../../network.js';
import { composeDocument } from './compose-document.js';
import { ownTokens, writeOwnTokens } from './node-tokens.js';

const KEY = 'k'.repeat(32);

test('the compose file gives every node and relay the token of its own name', () => {
  const holders = { nodesPerRegion: 2, relays: true };
  const text = composeDocument({ ...holders, dockerInside: 'none', embeddedQueue: true, postgres: false, heading: [] });
  const services = parse(text).services as Record<string, { hostname: string; environment: Record<string, string> }>;
  const tokens = ownTokens(KEY, holders);
  const edges = Object.values(services).filter(({ hostname }) => hostname?.startsWith('edge-'));
  expect(edges).toHaveLength(6);
  for (const { hostname, environment } of edges) {
    const [, variable] = /^\$\{(\w+):-\$\{SENSOR_TOKEN:-\}\}$/.exec(environment.SENSOR_TOKEN!) ?? [];
    expect(readSensorToken(tokens[variable!]!, [{ key: KEY }], 0)?.host).toBe(hostname);
  }
  for (const region of REGIONS) {
    const [, variable] = /^\$\{(\w+):-\$\{SENSOR_TOKEN:-\}\}$/.exec(
      services[`relay-${region}`]!.environment.WASM_SENSORS_RELAY_TOKEN!,
    )!;
    expect(readSensorToken(tokens[variable!]!, [{ key: KEY }], 0)?.relay).toBe(region);
  }
  expect(ownTokens(undefined, holders)).toEqual({});
});

test('a rendered folder has its key and tokens in a private .env, which is written once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, '.env');
  expect(writeOwnTokens(folder, { nodesPerRegion: 1, relays: false, postgres: false })).toEqual(['.env']);
  const env = parseEnv(readFileSync(path));
  // A password in the file says that there is a database server.
  expect(env.POSTGRES_PASSWORD).toBe('');
  expect(readSensorToken(env.SENSOR_TOKEN_EDGE_EU_1!, [{ key: env.WASM_SENSORS_SENSOR_KEY! }], 0)?.host).toBe(
    'edge-eu-1',
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, 'mine');
  expect(writeOwnTokens(folder, { nodesPerRegion: 1, relays: false, postgres: true })).toEqual([]);
  expect(readFileSync(path, 'utf8')).toBe('mine');
  rmSync(path);
  writeOwnTokens(folder, { nodesPerRegion: 1, relays: false, postgres: true });
  expect(parseEnv(readFileSync(path)).POSTGRES_PASSWORD).toMatch(/^[\w-]{32}$/);
});
