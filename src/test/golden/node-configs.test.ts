/** The nodes of a native network: how each `bacalhau serve` is started, and with what configuration. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { edgeNodes, type NodePlan, nodeProcess, orchestratorNode } from '../../network/native/native-nodes.js';
import type { PlanContext } from '../../network/provider.js';
import type { RegionLinks } from '../../network/region-links.js';
import { normalize, toJson } from './normalize.js';

const recorded = (name: string) => `./recorded/nodes/${name}`;

const PORTS = { api: 1234, nats: 4222, webUi: 8438 };
const LINKS = { orchestratorUrl: (region: string) => `nats://127.0.0.1:link-of-${region}` } as unknown as RegionLinks;
const CONFIG_PATHS = ['/work/[[]a]/**/*.{yaml,yml}', '/work/.wasm-sensors/config/*.yaml'];

const context = (over: Partial<PlanContext> = {}): PlanContext =>
  ({ nodesPerRegion: 1, token: 'operator-token', sensorEnv: {}, ...over }) as PlanContext;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-nodes-'));
  for (const name of Object.keys(process.env)) if (/^(AWS_|BACALHAU_)/.test(name)) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** The child as the supervisor gets it, and the file that it reads. */
function started(plan: NodePlan): string {
  const child = nodeProcess('/usr/local/bin/bacalhau', folder, {
    ...plan,
    apiPort: plan.region === undefined ? PORTS.api : 20_001,
    ready: async () => {},
    readyTimeoutMs: 20_000,
  });
  const { ready: _, ...told } = child;
  const taken = Object.fromEntries(Object.entries(told.env ?? {}).map(([name, value]) => [name, value ?? '<removed>']));
  const files = readdirSync(join(folder, plan.name)).sort();
  const head = toJson({ ...told, env: taken, files }).replaceAll(/^/gm, '# ');
  const text = `${head}\n${readFileSync(join(folder, plan.name, 'node.yaml'), 'utf8')}`;
  return normalize(text, [[folder, '<folder>']]);
}

describe('a node', () => {
  test('the orchestrator', async () => {
    await expect(started(orchestratorNode(PORTS, 3))).toMatchFileSnapshot(recorded('orchestrator.yaml'));
  });

  test('an edge node', async () => {
    const [first] = edgeNodes(context(), CONFIG_PATHS, LINKS);
    await expect(started(first!)).toMatchFileSnapshot(recorded('edge.yaml'));
  });

  test('an edge node with a sensor token, and a signer of the proxy’s certificate', async () => {
    const given = context({ sensorEnv: { SENSOR_TOKEN: 'sensor-token' }, tlsCa: '/work/ca.pem' });
    const [, second] = edgeNodes(given, [], LINKS);
    await expect(started(second!)).toMatchFileSnapshot(recorded('edge-with-token.yaml'));
  });
});

test('names, regions and order of many nodes', async () => {
  const nodes = edgeNodes(context({ nodesPerRegion: 3 }), CONFIG_PATHS, LINKS);
  const rows = nodes.map(({ name, region, settings }) => `${name} ${region} ${settings['Compute.Orchestrators']}`);
  await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot(recorded('nine-nodes.txt'));
});
