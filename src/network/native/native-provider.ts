/** The native network: real `bacalhau serve` processes on this machine. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { portWish, type Resolved } from '../../config/resolve-settings.js';
import { choosePorts, type PortWish } from '../../lib/net/choose-port.js';
import type { ChildEvent } from '../../lib/process/supervisor.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { bacalhauNeeds, findBacalhau } from '../bacalhau/find-bacalhau.js';
import { configFolder } from '../config-file.js';
import { isEdgeOf } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { RELAYED, RegionLinks } from '../region-links.js';
import { relayMemoryMb, startRelays, stopRelays } from '../relays.js';
import { sensorVariables } from '../sensor-tokens.js';
import { createNativeNetwork, type NativeConnection, nativeConnectionSchema } from './native-network.js';
import { edgeNodes, HOST, type NativePorts, timesOf } from './native-nodes.js';
import { NativeNodes } from './start.js';

export const nativeProvider: NetworkProvider<NativeConnection> = {
  kind: 'native',
  capabilities: { givesNodesTokens: true, demoNodes: 4, follows: ['bacalhau', 'apiPort', 'natsPort', 'webUiPort'] },
  connectionSchema: nativeConnectionSchema,
  needs: (settings) => ({
    memoryMb: MEMORY_MB + NODE_MB * (REGIONS.length * settings.values.nodes + 1) + relayMemoryMb(settings),
    ports: Object.values(portsOf(settings)),
    bacalhau: bacalhauNeeds(settings.values),
  }),
  plan: async (settings, context) =>
    planNative(context, { bacalhau: settings.values.bacalhau, ports: portsOf(settings) }),
  open: createNativeNetwork,
};

/** Of `up` and its services, and of one `bacalhau` process, whose pages others share. */
const MEMORY_MB = 250;
const NODE_MB = 20;

const portsOf = (settings: Resolved) => ({
  api: portWish(settings, 'apiPort', 'API of Bacalhau'),
  nats: portWish(settings, 'natsPort', "orchestrator's node port"),
  webUi: portWish(settings, 'webUiPort', 'web page of Bacalhau'),
});

interface NativeOptions {
  /** Path or name of the program; PATH is searched for `bacalhau` without it. */
  bacalhau?: string | undefined;
  ports: Record<keyof NativePorts, PortWish>;
  /** How long each node is waited for, in milliseconds. */
  slowAfterMs?: number;
}

export function planNative(context: PlanContext, options: NativeOptions): NetworkPlan<NativeConnection> {
  const { supervisor, stateDir, emit, nodesPerRegion } = context;
  const links = new RegionLinks(context.relays ? RELAYED : undefined);
  /** When a region was cut, in milliseconds of the monotonic clock. */
  const cutAt = new Map<string, number>();
  let stopped = false;
  let nodes: NativeNodes | undefined;
  let reconciler: ExecutionReconciler | undefined;

  const start: NetworkPlan<NativeConnection>['start'] = async ({ proxyUrl }) => {
    const bacalhau = findBacalhau(options.bacalhau);
    const ports = await choosePorts(options.ports, emit);
    const api = { host: HOST, port: ports.api };
    const client = createBacalhauClient({ path: bacalhau, stateDir, api });
    await client.clientVersion();
    // A network starts without the jobs of the last one, and no version reads what another one wrote.
    const folder = join(stateDir, 'native');
    rmSync(folder, { recursive: true, force: true });
    if (stopped) throw new Error('the network was stopped before it started');

    nodes = new NativeNodes({ context, links, folder, bacalhau, ports, slowAfterMs: options.slowAfterMs });
    await nodes.startOrchestrator();
    const isLinked = await links.open(proxyUrl, { host: HOST, port: ports.nats });
    reconciler = new ExecutionReconciler(client, emit);
    const uplinkOf = (region: string) => links.proxyUrl(region);
    const [relayUrls] = await Promise.all([
      startRelays(context, uplinkOf),
      nodes.startNodes(edgeNodes(context, allowedPaths(stateDir), links)),
    ]);
    supervisor.on('event', onChild);

    if (!isLinked) emit({ type: 'proxy.not-linked', url: proxyUrl });
    const connection: NativeConnection = {
      bacalhau,
      api,
      nodesPerRegion,
      webUi: `http://${HOST}:${ports.webUi}`,
      sensorProxyUrls: Object.fromEntries(REGIONS.map((name) => [name, uplinkOf(name)])),
      relayUrls,
      forwarded: {
        edge: ['HOSTNAME', 'REGION', ...sensorVariables(context)],
        updater: ['WASM_SENSORS_TOKEN'],
        services: [],
      },
    };
    return { connection, endpoints: { api: `http://${HOST}:${ports.api}`, webUi: connection.webUi } };
  };

  const reconcile = (region: string): void => reconciler?.begin(region, nodes?.cameIn(region) ?? []);

  const onChild = (event: ChildEvent): void => {
    if (event.type !== 'child.restarted') return;
    // All nodes lose an orchestrator that exits, and it counts executions as lost when a node is back before the others.
    const regions = event.name === 'orchestrator' ? REGIONS : REGIONS.filter((name) => isEdgeOf(event.name, name));
    // A region that is cut is reconciled when its link is back.
    for (const region of regions) if (!links.isCut(region)) reconcile(region);
  };

  const setRegionLink = async (region: string, connected: boolean): Promise<void> => {
    if (!connected && !links.isCut(region)) cutAt.set(region, performance.now());
    await links.set(region, connected);
    if (!connected) return reconciler?.end(region);
    if (links.isCut(region)) return;
    // After a long cut a node has given its connection up, and would try again only up to 80 s later. Its sensors have
    // delivered what they kept, and the orchestrator has given up their executions: nothing is lost by a new process.
    const cutMs = performance.now() - (cutAt.get(region) ?? performance.now());
    cutAt.delete(region);
    if (cutMs >= timesOf(nodesPerRegion * REGIONS.length).givesUpAfterMs) await nodes?.startAgain(region);
    reconcile(region);
  };

  return {
    start,
    setRegionLink,
    stop: async () => {
      stopped = true;
      supervisor.off('event', onChild);
      reconciler?.end();
      await nodes?.stop();
      await stopRelays(context);
      await links.close();
    },
  };
}

/** Patterns of what jobs may have as local inputs: configuration files, and modules of jobs that are submitted by hand. */
const allowedPaths = (stateDir: string): string[] => [
  join(literally(process.cwd()), '**', '*.{yaml,yml}'),
  join(literally(configFolder(stateDir)), '*.yaml'),
  join(literally(stateDir), 'modules', '*.wasm'),
];

/** A path as a pattern that matches only itself; nodes read patterns as Go's doublestar does. */
export const literally = (path: string): string => path.replace(/[*?[\]{}\\]/g, '\\$&');
