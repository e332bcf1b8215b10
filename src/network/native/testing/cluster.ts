/** For tests: a native network of the `bacalhau` on PATH (or BACALHAU_BIN) with a test proxy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../../core/errors.js';
import type { Reading } from '../../../core/message.js';
import { waitFor } from '../../../lib/backoff.js';
import { freePort } from '../../../lib/ports.js';
import { type ChildEvent, Supervisor } from '../../../lib/supervisor.js';
import { buildWasm } from '../../../sensors/build.js';
import { MODULES_DIR } from '../../../sensors/modules.js';
import { TestProxy } from '../../../sensors/testing/proxy.js';
import { findBacalhau } from '../../bacalhau/binary.js';
import { createBacalhauClient } from '../../bacalhau/client.js';
import { updatesInPlace } from '../../bacalhau/version.js';
import type { Network } from '../../network.js';
import type { NetworkFacts } from '../../run-state.js';
import type { NetworkEvent, NetworkRunner } from '../../runner.js';
import { nativeFactsSchema } from '../facts.js';
import { createNativeRunner } from '../runner.js';

/** Why no real `bacalhau` can be used here; '' when one can. */
export function missingBacalhau(): string {
  try {
    findBacalhau(process.env.BACALHAU_BIN);
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

export interface TestCluster {
  network: Network;
  facts: NetworkFacts;
  runner: NetworkRunner;
  supervisor: Supervisor;
  proxy: TestProxy;
  stateDir: string;
  events: NetworkEvent[];
  childEvents: ChildEvent[];
  /** False before 1.8, where a stopped job runs on. */
  stops: boolean;
  close(): Promise<void>;
}

export async function startCluster(nodesPerRegion: number): Promise<TestCluster> {
  await buildWasm({ outDir: MODULES_DIR });
  const stateDir = mkdtempSync(join(tmpdir(), 'native-'));
  const supervisor = new Supervisor(join(stateDir, 'logs'));
  const proxy = await TestProxy.start();
  const events: NetworkEvent[] = [];
  const childEvents: ChildEvent[] = [];
  supervisor.on('event', (event) => childEvents.push(event));
  const port = async () => ({ port: await freePort(), explicit: true });
  const runner = createNativeRunner(
    {
      supervisor,
      stateDir,
      nodesPerRegion,
      proxyUrl: proxy.url,
      token: 'operator',
      sensorEnv: { SENSOR_TOKEN: 'sensor' },
      emit: (event) => events.push(event),
    },
    {
      // Test files run side by side: each network has ports of its own.
      ports: { api: await port(), nats: await port(), webUi: await port() },
      ...(process.env.BACALHAU_BIN ? { bacalhau: process.env.BACALHAU_BIN } : {}),
    },
  );
  const close = async () => {
    await runner.stop();
    await proxy.close();
    rmSync(stateDir, { recursive: true });
  };
  try {
    const { network, facts } = await runner.start();
    const { bacalhau: path, api } = nativeFactsSchema.parse(facts);
    const stops = updatesInPlace(await createBacalhauClient({ path, stateDir, api }).agentVersion());
    return { network, facts, runner, supervisor, proxy, stateDir, events, childEvents, stops, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The hosts of readings that match and come from now on, sorted; undefined when fewer than `count` send in time. */
export function hostsSending(
  proxy: TestProxy,
  count: number,
  matches: (reading: Reading) => boolean,
  timeoutMs = 10_000,
): Promise<string[] | undefined> {
  const from = proxy.readings.length;
  const look = () => {
    const hosts = new Set<string>();
    for (const reading of proxy.readings.slice(from)) if (matches(reading)) hosts.add(reading.hostname);
    return hosts.size >= count ? [...hosts].sort() : undefined;
  };
  return waitFor(look, { timeoutMs, everyMs: 20 });
}
