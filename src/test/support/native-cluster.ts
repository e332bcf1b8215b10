/** For tests: a native network of the `bacalhau` on PATH (or BACALHAU_BIN) with a test proxy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../lib/async/backoff.js';
import { messageOf } from '../../lib/errors/app-error.js';
import { freePort } from '../../lib/net/choose-port.js';
import { type ChildEvent, Supervisor } from '../../lib/process/supervisor.js';
import { buildWasm } from '../../modules/build-modules.js';
import { MODULES_DIR } from '../../modules/module-files.js';
import { findBacalhau } from '../../network/bacalhau/find-bacalhau.js';
import { createNativeNetwork, type NativeConnection } from '../../network/native/native-network.js';
import { planNative } from '../../network/native/native-provider.js';
import type { Network } from '../../network/network.js';
import type { NetworkEvent, NetworkPlan } from '../../network/provider.js';
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
  connection: NativeConnection;
  plan: NetworkPlan<NativeConnection>;
  supervisor: Supervisor;
  proxy: TestProxy;
  stateDir: string;
  events: NetworkEvent[];
  childEvents: ChildEvent[];
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
  const port = async () => ({ port: await freePort(), explicit: true, purpose: 'test', flag: '' });
  const plan = planNative(
    {
      supervisor,
      stateDir,
      nodesPerRegion,
      registry: false,
      relays: false,
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
    await plan.stop();
    await proxy.close();
    rmSync(stateDir, { recursive: true });
  };
  try {
    const { connection } = await plan.start({ proxyUrl: proxy.url });
    const setRegionLink: Network['setRegionLink'] = async (region, up) => plan.setRegionLink?.(region, up);
    const network = createNativeNetwork(connection, { stateDir, token: 'operator', setRegionLink });
    return { network, connection, plan, supervisor, proxy, stateDir, events, childEvents, close };
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
