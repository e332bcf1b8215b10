/**
 * The native network: real `bacalhau serve` processes on this machine. The orchestrator starts first (a node that starts
 * before it waits 20 s for its next try), then the nodes side by side, each on its region's relay.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { portWish } from '../../config/resolve-settings.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import type { ChildEvent } from '../../lib/process/supervisor.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { findBacalhau } from '../bacalhau/find-bacalhau.js';
import { NodeReadiness } from '../bacalhau/node-readiness.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { configFolder } from '../region-config-file.js';
import { literally } from './glob.js';
import { dockerWorks } from './local-docker.js';
import { type NativeConnection, nativeConnectionSchema } from './native-connection.js';
import { createNativeNetwork } from './native-network.js';
import {
  edgeName,
  edgeNodes,
  HOST,
  isEdgeOf,
  type NodePlan,
  orchestratorNode,
  servicesEnv,
  servicesNode,
} from './native-nodes.js';
import { choosePorts, type NativePorts, type WantedPorts } from './native-ports.js';
import { nativeService } from './native-services.js';
import { nodeProcess } from './node-process.js';
import { RegionLinks } from './region-links.js';

export const nativeProvider: NetworkProvider<NativeConnection> = {
  kind: 'native',
  summary: '`bacalhau` processes on this machine',
  capabilities: {},
  connectionSchema: nativeConnectionSchema,
  async plan(settings, context) {
    const { bacalhau } = settings.values;
    return planNative(context, {
      ...(bacalhau === undefined ? {} : { bacalhau }),
      ports: {
        api: portWish(settings, 'apiPort', 'API of Bacalhau'),
        nats: portWish(settings, 'natsPort', "orchestrator's node port"),
        webUi: portWish(settings, 'webUiPort', 'web page of Bacalhau'),
      },
    });
  },
  open: createNativeNetwork,
  // Its processes are children of `up`, which end with it or are stopped by the next one.
  cleanUp: async () => ({ removed: [], kept: [] }),
  async serviceJob(role, connection, { settings, image, nodePort, embeddedQueue, authority }) {
    const { productImage } = await import('../../docker/image-names.js');
    const { queue, queueEndpoint, awsRegion, open } = settings.values;
    // A container does not reach this machine's loopback.
    const follow = settings.values.follow ?? (isLoopback(new URL(authority).hostname) ? undefined : authority);
    const job = nativeService(connection, {
      role,
      image: image ?? productImage(),
      port: nodePort,
      queue,
      embeddedQueue,
      open,
      args: [
        ...(queueEndpoint === undefined ? [] : ['--queue-endpoint', queueEndpoint]),
        ...(awsRegion === undefined ? [] : ['--aws-region', awsRegion]),
        ...(role === 'puller' || follow === undefined ? [] : ['--follow', follow]),
      ],
    });
    return { job, url: `http://${HOST}:${nodePort}` };
  },
};

export interface NativeOptions {
  /** Path or name of the program; PATH is searched for `bacalhau` without it. */
  bacalhau?: string;
  /** Defaults 1234, 4222 and 8438. */
  ports?: WantedPorts;
  /** Patterns of files that sensors may read as their configuration; YAML files of the working folder by default. */
  configPaths?: string[];
}

/** So many start at the same time: more only wait for each other's CPU. */
const STARTING_AT_ONCE = 16;
const READY_MS = 20_000;
/** What each node more adds to the time that any may take. */
const READY_MS_PER_NODE = 200;

export function planNative(context: PlanContext, options: NativeOptions): NetworkPlan<NativeConnection> {
  const { supervisor, stateDir, emit } = context;
  const folder = join(stateDir, 'native');
  const links = new RegionLinks();
  const started: string[] = [];
  const stopping = new AbortController();
  let reconciler: ExecutionReconciler | undefined;

  const reconcile = (region: string) => {
    const numbers = Array.from({ length: context.nodesPerRegion }, (_, index) => index + 1);
    reconciler?.begin(
      region,
      numbers.map((number) => edgeName(region, number)),
    );
  };
  const onChild = (event: ChildEvent) => {
    if (event.type !== 'child.restarted') return;
    // All nodes lose an orchestrator that ends, and it takes executions for lost when a node is back before the others.
    const regions = event.name === 'orchestrator' ? REGIONS : REGIONS.filter((name) => isEdgeOf(event.name, name));
    // A region that is cut is reconciled when its link is back.
    for (const region of regions) if (!links.isCut(region)) reconcile(region);
  };
  const setRegionLink = async (region: string, connected: boolean) => {
    await links.set(region, connected);
    if (connected) reconcile(region);
    else reconciler?.end(region);
  };

  const startNodes = async (bacalhau: string, ports: NativePorts, proxyUrl: string, docker: Promise<boolean>) => {
    const readiness = new NodeReadiness(`http://${HOST}:${ports.api}`, ports.nats);
    const launch = (plan: NodePlan, readyTimeoutMs: number, ready: (signal: AbortSignal) => Promise<void>) => {
      stopping.signal.throwIfAborted();
      started.push(plan.name);
      return supervisor.start(nodeProcess(bacalhau, folder, { ...plan, ready, readyTimeoutMs }));
    };
    emit({ type: 'network.progress', step: 'orchestrator', done: 0, total: 1 });
    const edges = context.nodesPerRegion * REGIONS.length;
    await launch(orchestratorNode(ports, edges), READY_MS, (signal) => readiness.orchestratorReady(signal));
    await links.open(REGIONS, { host: HOST, port: ports.nats }, proxyUrl);

    const configPaths = options.configPaths ?? [
      join(literally(process.cwd()), '**', '*.{yaml,yml}'),
      join(literally(configFolder(stateDir)), '*.yaml'),
    ];
    const services = (await docker) ? [servicesNode(context, ports)] : [];
    const waiting = [...edgeNodes(context, configPaths, links), ...services];
    const total = waiting.length;
    let done = 0;
    emit({ type: 'network.progress', step: 'nodes connected', done, total });
    const worker = async () => {
      for (let plan = waiting.shift(); plan; plan = waiting.shift()) {
        const { name, region } = plan;
        await launch(plan, READY_MS + total * READY_MS_PER_NODE, (signal) =>
          readiness.connected(name, Date.now(), signal, () => region !== undefined && links.isCut(region)),
        );
        emit({ type: 'network.progress', step: 'nodes connected', done: ++done, total });
      }
    };
    try {
      await Promise.all(Array.from({ length: STARTING_AT_ONCE }, worker));
    } finally {
      // After a failure the other workers shall not begin more.
      waiting.length = 0;
    }
  };

  const start: NetworkPlan<NativeConnection>['start'] = async ({ proxyUrl }) => {
    const bacalhau = findBacalhau(options.bacalhau);
    const docker = dockerWorks();
    const ports = await choosePorts(options.ports ?? {}, emit);
    const api = { host: HOST, port: ports.api };
    const client = createBacalhauClient({ path: bacalhau, stateDir, api });
    await client.clientVersion();
    // A network starts without the jobs of the last one, and no version reads what another one wrote.
    rmSync(folder, { recursive: true, force: true });
    await startNodes(bacalhau, ports, proxyUrl, docker);
    reconciler = new ExecutionReconciler({ client, stateDir, emit });
    supervisor.on('event', onChild);

    if (!links.proxyUrl(REGIONS[0])) {
      const text = `${proxyUrl} can't be reached through a relay: cutting a region leaves its sensors' way to it open`;
      emit({ type: 'network.note', text });
    }
    const connection: NativeConnection = {
      bacalhau,
      docker: await docker,
      api,
      webUi: `http://${HOST}:${ports.webUi}`,
      sensorProxyUrls: Object.fromEntries(REGIONS.map((name) => [name, links.proxyUrl(name) ?? proxyUrl])),
      forwarded: {
        edge: ['HOSTNAME', 'REGION', ...Object.keys(context.sensorEnv)],
        updater: ['WASM_SENSORS_TOKEN'],
        services: Object.keys(servicesEnv(context)),
      },
    };
    return { connection, endpoints: { api: `http://${HOST}:${ports.api}`, webUi: connection.webUi } };
  };

  return {
    start,
    setRegionLink,
    stop: async () => {
      stopping.abort();
      supervisor.off('event', onChild);
      reconciler?.end();
      // The orchestrator last: nodes say goodbye to it.
      await supervisor.stop(started.filter((name) => name !== 'orchestrator'));
      await supervisor.stop(['orchestrator']);
      await links.close();
    },
  };
}
