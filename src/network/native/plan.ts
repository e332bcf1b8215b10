/** What `up` starts and stops for a native network. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { choosePorts, type PortWish } from '../../lib/net/choose-port.js';
import type { ChildEvent } from '../../lib/process/supervisor.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { findBacalhau } from '../bacalhau/find-bacalhau.js';
import { configFolder } from '../config-file.js';
import { isEdgeOf } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, PlanContext } from '../provider.js';
import { sensorVariables } from '../sensor-tokens.js';
import type { NativeConnection } from './native-network.js';
import { edgeNodes, givesUpAfterMs, HOST, type NativePorts, servicesEnv, servicesNode } from './native-nodes.js';
import { RegionLinks } from './region-links.js';
import { NativeNodes } from './start.js';

export interface NativeOptions {
  /** Path or name of the program; PATH is searched for `bacalhau` without it. */
  bacalhau?: string;
  ports: Record<keyof NativePorts, PortWish>;
  /** Patterns of files that sensors may read as their configuration; YAML files of the working folder by default. */
  configPaths?: string[];
  /** How long each node is waited for, in milliseconds. */
  slowAfterMs?: number;
}

export function planNative(context: PlanContext, options: NativeOptions): NetworkPlan<NativeConnection> {
  const { supervisor, stateDir, emit } = context;
  const links = new RegionLinks();
  let stopped = false;
  let nodes: NativeNodes | undefined;
  let reconciler: ExecutionReconciler | undefined;
  let recovery: RegionRecovery | undefined;

  const start: NetworkPlan<NativeConnection>['start'] = async ({ proxyUrl }) => {
    const bacalhau = findBacalhau(options.bacalhau);
    const dockerAnswers = dockerWorks();
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
    await links.open(REGIONS, { host: HOST, port: ports.nats }, proxyUrl);
    const docker = await dockerAnswers;
    reconciler = new ExecutionReconciler({ client, emit });
    const givesUp = givesUpAfterMs(context.nodesPerRegion * REGIONS.length);
    recovery = new RegionRecovery({ links, nodes, reconciler, givesUpAfterMs: givesUp });
    await nodes.startNodes([
      ...edgeNodes(context, allowedPaths(stateDir, options.configPaths), links),
      ...(docker ? [servicesNode(context, ports)] : []),
    ]);
    supervisor.on('event', recovery.onChild);

    const relayed = links.proxyUrl(REGIONS[0]) !== undefined;
    if (!relayed) emit({ type: 'proxy.not-relayed', url: proxyUrl });
    const connection: NativeConnection = {
      bacalhau,
      docker,
      api,
      nodesPerRegion: context.nodesPerRegion,
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
    setRegionLink: (region, connected) => recovery?.setLink(region, connected) ?? links.set(region, connected),
    stop: async () => {
      stopped = true;
      if (recovery) supervisor.off('event', recovery.onChild);
      reconciler?.end();
      await nodes?.stop();
      await links.close();
    },
  };
}

/** Patterns of what jobs may have as local inputs: configuration files, and modules of jobs that are submitted by hand. */
function allowedPaths(stateDir: string, configPaths: string[] | undefined): string[] {
  return [
    ...(configPaths ?? [
      join(literally(process.cwd()), '**', '*.{yaml,yml}'),
      join(literally(configFolder(stateDir)), '*.yaml'),
    ]),
    join(literally(stateDir), 'modules', '*.wasm'),
  ];
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

export interface RecoveryOptions {
  links: RegionLinks;
  nodes: NativeNodes;
  reconciler: ExecutionReconciler;
  /** How long a node tries to use a broken connection, in milliseconds. */
  givesUpAfterMs: number;
}

class RegionRecovery {
  readonly #options: RecoveryOptions;
  /** By region, in milliseconds of the monotonic clock. */
  readonly #cutAt = new Map<string, number>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** For events of the supervisor. */
  readonly onChild = (event: ChildEvent): void => {
    if (event.type !== 'child.restarted') return;
    // All nodes lose an orchestrator that exits, and it counts executions as lost when a node is back before the others.
    const regions = event.name === 'orchestrator' ? REGIONS : REGIONS.filter((name) => isEdgeOf(event.name, name));
    // A region that is cut is reconciled when its link is back.
    for (const region of regions) if (!this.#options.links.isCut(region)) this.#reconcile(region);
  };

  async setLink(region: string, connected: boolean): Promise<void> {
    const { links, reconciler } = this.#options;
    if (!connected && !links.isCut(region)) this.#cutAt.set(region, performance.now());
    await links.set(region, connected);
    if (!connected) return reconciler.end(region);
    if (links.isCut(region)) return;
    await this.#startAgain(region);
    this.#reconcile(region);
  }

  /**
   * After a long cut a node has given its connection up, and would try again only up to 80 s later. Its sensors have
   * delivered what they kept, and the orchestrator has given up their executions: nothing is lost by a new process.
   */
  async #startAgain(region: string): Promise<void> {
    const cutMs = performance.now() - (this.#cutAt.get(region) ?? performance.now());
    this.#cutAt.delete(region);
    if (cutMs >= this.#options.givesUpAfterMs) await this.#options.nodes.startAgain(region);
  }

  #reconcile(region: string): void {
    this.#options.reconciler.begin(region, this.#options.nodes.cameIn(region));
  }
}
