/** For tests: a native network of the `bacalhau` on PATH (or BACALHAU_BIN) with a test proxy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../lib/async/backoff.js';
import { messageOf } from '../../lib/errors/app-error.js';
import { freePort } from '../../lib/net/ports.js';
import { type ChildEvent, Supervisor } from '../../lib/process/supervisor.js';
import { buildWasm } from '../../modules/build-modules.js';
import { MODULES_DIR } from '../../modules/module-files.js';
import { createBacalhauClient } from '../../network/bacalhau/bacalhau-client.js';
import { updatesInPlace } from '../../network/bacalhau/bacalhau-version.js';
import { findBacalhau } from '../../network/bacalhau/find-bacalhau.js';
import { nativeFactsSchema } from '../../network/native/native-connection.js';
import { createNativeRunner } from '../../network/native/native-provider.js';
import type { Network } from '../../network/network.js';
import type { NetworkEvent, NetworkFacts, NetworkRunner } from '../../network/provider.js';
import type { Reading } from '../../protocol/message.js';
import { TestProxy } from './test-proxy.js';

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
