import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseEnv } from 'dotenv';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { readSensorToken } from '../../../protocol/sensor-token.js';
import { composeDocument } from './compose-document.js';
import { nodeTokens, writeNodeTokens } from './node-tokens.js';

const KEY = 'k'.repeat(32);

test('the compose file gives every node the token of its own name', () => {
  const text = composeDocument({ nodesPerRegion: 2, dockerInside: 'none', embeddedQueue: true, heading: [] });
  const services = parse(text).services as Record<string, { hostname: string; environment: Record<string, string> }>;
  const tokens = nodeTokens(KEY, 2);
  const edges = Object.values(services).filter(({ hostname }) => hostname?.startsWith('edge-'));
  expect(edges).toHaveLength(6);
  for (const { hostname, environment } of edges) {
    const [, variable] = /^\$\{(\w+):-\$\{SENSOR_TOKEN:-\}\}$/.exec(environment.SENSOR_TOKEN!) ?? [];
    expect(readSensorToken(tokens[variable!]!, [{ key: KEY }], 0)?.host).toBe(hostname);
  }
  expect(nodeTokens(undefined, 2)).toEqual({});
});

test('a rendered folder has its key and tokens in a private .env, which is written once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, '.env');
  expect(writeNodeTokens(folder, 1)).toEqual(['.env']);
  const env = parseEnv(readFileSync(path));
  expect(readSensorToken(env.SENSOR_TOKEN_EDGE_EU_1!, [{ key: env.WASM_SENSORS_SENSOR_KEY! }], 0)?.host).toBe(
    'edge-eu-1',
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, 'mine');
  expect(writeNodeTokens(folder, 1)).toEqual([]);
  expect(readFileSync(path, 'utf8')).toBe('mine');
});
