/**
 * Starts and stops a native network. The orchestrator starts first (a node that starts before it waits 20 s for its next
 * try), then the nodes side by side, each on its region's relay.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, type PortWish } from '../../lib/net/ports.js';
import { takePorts } from '../../lib/net/take-ports.js';
import type { ChildEvent, ChildSpec } from '../../lib/process/supervisor.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { findBacalhau } from '../bacalhau/find-bacalhau.js';
import { NodeReadiness } from '../bacalhau/node-readiness.js';
import { edgeName, isEdgeOf } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, PlanContext } from '../provider.js';
import { configFolder } from '../region-file.js';
import { sensorVariables } from '../sensor-secrets.js';
import type { NativeConnection } from './native-network.js';
import {
  edgeNodes,
  givesUpAfterMs,
  HOST,
  heartbeatFactor,
  type NativePorts,
  type NodePlan,
  orchestratorNode,
  servicesEnv,
  servicesNode,
} from './native-nodes.js';
import { type NodeProcess, nodeProcess } from './node-process.js';
import { RegionLinks } from './region-links.js';

export interface NativeOptions {
  /** Path or name of the program; PATH is searched for `bacalhau` without it. */
  bacalhau?: string;
  ports: Record<keyof NativePorts, PortWish>;
  /** Patterns of files that sensors may read as their configuration; YAML files of the working folder by default. */
  configPaths?: string[];
}

/** How many start at the same time: more would only wait for each other's CPU. */
const STARTING_AT_ONCE = 16;
const READY_MS = 20_000;
/** Added to that for each node of the network. */
const READY_MS_PER_NODE = 200;
/** A node that answers nothing for so long is killed and restarted; longer where many share few processors. */
const HUNG_AFTER_MS = 10_000;

export function planNative(context: PlanContext, options: NativeOptions): NetworkPlan<NativeConnection> {
  const { supervisor, stateDir, emit } = context;
  const folder = join(stateDir, 'native');
  const links = new RegionLinks();
  const started: string[] = [];
  /** By name: how each edge node was started. */
  const edges = new Map<string, ChildSpec>();
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
    // All nodes lose an orchestrator that exits, and it counts executions as lost when a node is back before the others.
    const regions = event.name === 'orchestrator' ? REGIONS : REGIONS.filter((name) => isEdgeOf(event.name, name));
    // A region that is cut is reconciled when its link is back.
    for (const region of regions) if (!links.isCut(region)) reconcile(region);
  };
  const cutAt = new Map<string, number>();
  const setRegionLink = async (region: string, connected: boolean) => {
    if (!connected && !links.isCut(region)) cutAt.set(region, performance.now());
    await links.set(region, connected);
    if (!connected) return reconciler?.end(region);
    if (links.isCut(region)) return;
    await startAgain(region);
    reconcile(region);
  };
  /**
   * After a long cut a node has given its connection up, and would try again only up to 80 s later. Its sensors have
   * delivered what they kept, and the orchestrator has given up their executions: nothing is lost by a new process.
   */
  const startAgain = async (region: string) => {
    const cutMs = performance.now() - (cutAt.get(region) ?? performance.now());
    cutAt.delete(region);
    if (cutMs < givesUpAfterMs(context.nodesPerRegion * REGIONS.length)) return;
    const names = [...edges.keys()].filter((name) => isEdgeOf(name, region));
    await Promise.all(
      names.map(async (name) => {
        await supervisor.stop([name]);
        if (!stopping.signal.aborted) await supervisor.start(edges.get(name)!);
      }),
    );
  };

  const startNodes = async (bacalhau: string, ports: NativePorts, proxyUrl: string, docker: Promise<boolean>) => {
    const edgeCount = context.nodesPerRegion * REGIONS.length;
    const readiness = new NodeReadiness(`http://${HOST}:${ports.api}`, ports.nats);
    const launch = (plan: NodePlan, run: Pick<NodeProcess, 'apiPort' | 'readyTimeoutMs' | 'ready'>) => {
      stopping.signal.throwIfAborted();
      started.push(plan.name);
      const hungAfterMs = HUNG_AFTER_MS * heartbeatFactor(edgeCount);
      const process = nodeProcess(bacalhau, folder, { ...plan, ...run, hungAfterMs });
      if (plan.region !== undefined) edges.set(plan.name, process);
      return supervisor.start(process);
    };
    emit({ type: 'network.progress', step: 'orchestrator', done: 0, total: 1 });
    await launch(orchestratorNode(ports, edgeCount), {
      apiPort: ports.api,
      readyTimeoutMs: READY_MS,
      ready: (signal) => readiness.orchestratorReady(signal),
    });
    await links.open(REGIONS, { host: HOST, port: ports.nats }, proxyUrl);

    const configPaths = options.configPaths ?? [
      join(literally(process.cwd()), '**', '*.{yaml,yml}'),
      join(literally(configFolder(stateDir)), '*.yaml'),
    ];
    // Jobs that are submitted by hand may have the modules of this folder as local inputs.
    const modules = join(literally(stateDir), 'modules', '*.wasm');
    const services = (await docker) ? [servicesNode(context, ports)] : [];
    const waiting = [...edgeNodes(context, [...configPaths, modules], links), ...services];
    const total = waiting.length;
    const apiPorts = await freePorts(total);
    let done = 0;
    emit({ type: 'network.progress', step: 'nodes connected', done, total });
    const worker = async () => {
      for (let plan = waiting.shift(); plan; plan = waiting.shift()) {
        const { name, region } = plan;
        await launch(plan, {
          apiPort: apiPorts.pop()!,
          readyTimeoutMs: READY_MS + total * READY_MS_PER_NODE,
          ready: (signal) =>
            readiness.connected(name, Date.now(), signal, () => region !== undefined && links.isCut(region)),
        });
        emit({ type: 'network.progress', step: 'nodes connected', done: ++done, total });
      }
    };
    try {
      await Promise.all(Array.from({ length: STARTING_AT_ONCE }, worker));
    } finally {
      // After a failure the other workers must not start more.
      waiting.length = 0;
    }
  };

  const start: NetworkPlan<NativeConnection>['start'] = async ({ proxyUrl }) => {
    const bacalhau = findBacalhau(options.bacalhau);
    const docker = dockerWorks();
    const ports = await takePorts(options.ports, emit);
    const api = { host: HOST, port: ports.api };
    const client = createBacalhauClient({ path: bacalhau, stateDir, api });
    await client.clientVersion();
    // A network starts without the jobs of the last one, and no version reads what another one wrote.
    rmSync(folder, { recursive: true, force: true });
    await startNodes(bacalhau, ports, proxyUrl, docker);
    reconciler = new ExecutionReconciler({ client, stateDir, emit });
    supervisor.on('event', onChild);

    const relayed = links.proxyUrl(REGIONS[0]) !== undefined;
    if (!relayed) emit({ type: 'proxy.not-relayed', url: proxyUrl });
    const connection: NativeConnection = {
      bacalhau,
      docker: await docker,
      api,
      webUi: `http://${HOST}:${ports.webUi}`,
      sensorProxyUrls: Object.fromEntries(REGIONS.map((name) => [name, links.proxyUrl(name) ?? proxyUrl])),
      ...(relayed ? {} : { relayed }),
      forwarded: {
        edge: ['HOSTNAME', 'REGION', ...sensorVariables(context)],
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
      // The orchestrator last: nodes sign off from it.
      await supervisor.stop(started.filter((name) => name !== 'orchestrator'));
      await supervisor.stop(['orchestrator']);
      await links.close();
    },
  };
}

/** A path as a pattern that matches only itself; nodes read patterns as Go's doublestar does. */
export const literally = (path: string): string => path.replace(/[*?[\]{}\\]/g, '\\$&');

/** Whether service jobs can run: asks Docker here for its version; false when it does not answer within 3 s. */
async function dockerWorks(): Promise<boolean> {
  const { execa } = await import('execa');
  const { exitCode } = await execa('docker', ['version', '--format', '{{.Server.Version}}'], {
    stdin: 'ignore',
    reject: false,
    timeout: 3000,
  });
  return exitCode === 0;
}
