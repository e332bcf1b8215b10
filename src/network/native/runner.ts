/**
 * Starts and ends a native network: a real orchestrator first (a node that starts before it waits 20 s for its next
 * try), then every node at once, each on its region's relay.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { choosePort } from '../../lib/ports.js';
import { findBacalhau } from '../bacalhau/binary.js';
import { createBacalhauClient } from '../bacalhau/client.js';
import { REGIONS } from '../network.js';
import type { NetworkRunner, RunnerContext } from '../runner.js';
import { dockerWorks } from './docker.js';
import type { NativeFacts } from './facts.js';
import { createNativeNetwork } from './network.js';
import { type NodeProcess, nodeProcess } from './node-process.js';
import { RegionLinks } from './region-links.js';
import { Roster } from './roster.js';

/** A port that the operator may have asked for. */
export interface WantedPort {
  port: number;
  explicit: boolean;
}

export interface NativeOptions {
  /** Path or name of the program; PATH is searched for `bacalhau` without it. */
  bacalhau?: string;
  /** Defaults 1234, 4222 and 8438. */
  ports?: { api?: WantedPort; nats?: WantedPort; webUi?: WantedPort };
  /** Patterns (`**` allowed) of files that sensors may read as their configuration. */
  configPaths?: string[];
}

const HOST = '127.0.0.1';
/** So many start at the same time: more only wait for each other's CPU. */
const STARTING_AT_ONCE = 16;

export function createNativeRunner(context: RunnerContext, options: NativeOptions): NetworkRunner {
  const { supervisor, emit } = context;
  const folder = join(context.stateDir, 'native');
  const links = new RegionLinks();
  const nodes: string[] = [];

  const ports = async () => {
    const choose = async (wanted: WantedPort, purpose: string, flag: string) => {
      const { port, moved } = await choosePort({ ...wanted, purpose, flag });
      if (moved) emit({ type: 'network.port-moved', purpose, wanted: wanted.port, port });
      return port;
    };
    const { api, nats, webUi } = options.ports ?? {};
    return {
      api: await choose(api ?? { port: 1234, explicit: false }, 'API of Bacalhau', '--api-port'),
      nats: await choose(nats ?? { port: 4222, explicit: false }, "orchestrator's node port", '--nats-port'),
      webUi: await choose(webUi ?? { port: 8438, explicit: false }, 'web page of Bacalhau', '--webui-port'),
    };
  };

  const start: NetworkRunner['start'] = async () => {
    const bacalhau = findBacalhau(options.bacalhau);
    const docker = dockerWorks();
    const { api, nats, webUi } = await ports();
    await createBacalhauClient({
      path: bacalhau,
      stateDir: context.stateDir,
      api: { host: HOST, port: api },
    }).clientVersion();
    // A network starts without the jobs of the last one, and no version reads what another one wrote.
    rmSync(folder, { recursive: true, force: true });

    const roster = new Roster(`http://${HOST}:${api}`, nats);
    const launch = (
      node: Omit<NodeProcess, 'ready' | 'readyTimeoutMs'>,
      ready: NodeProcess['ready'],
      timeoutMs: number,
    ) => {
      nodes.push(node.name);
      return supervisor.start(nodeProcess(bacalhau, folder, { ...node, ready, readyTimeoutMs: timeoutMs }));
    };
    emit({ type: 'network.progress', step: 'starting the orchestrator', done: 0, total: 1 });
    await launch(
      {
        name: 'orchestrator',
        template: 'orchestrator',
        settings: {
          'API.Port': api,
          'Orchestrator.Port': nats,
          'WebUI.Listen': `${HOST}:${webUi}`,
        },
        env: {},
      },
      (signal) => roster.orchestratorReady(signal),
      20_000,
    );
    await links.open(REGIONS, { host: HOST, port: nats }, context.proxyUrl);

    const withDocker = await docker;
    const edges = edgeNodes(context, options.configPaths ?? [], links);
    const services = withDocker ? [servicesNode(context, nats)] : [];
    const waiting = [...services, ...edges];
    const total = waiting.length;
    let done = 0;
    emit({ type: 'network.progress', step: 'nodes connected', done, total });
    const worker = async () => {
      for (let node = waiting.shift(); node; node = waiting.shift()) {
        const { name } = node;
        await launch(node, (signal) => roster.connected(name, Date.now(), signal), 20_000 + 200 * total);
        emit({ type: 'network.progress', step: 'nodes connected', done: ++done, total });
      }
    };
    await Promise.all(Array.from({ length: STARTING_AT_ONCE }, worker));

    if (!links.proxyUrl(REGIONS[0])) {
      emit({
        type: 'network.note',
        text: `${context.proxyUrl} is not on this machine: cutting a region leaves its sensors' way to it open`,
      });
    }
    const facts: NativeFacts = {
      bacalhau,
      api: { host: HOST, port: api },
      webUi: `http://${HOST}:${webUi}`,
      sensorProxyUrls: Object.fromEntries(
        REGIONS.map((region) => [region, links.proxyUrl(region) ?? context.proxyUrl]),
      ),
      forwarded: {
        edge: ['HOSTNAME', 'REGION', ...Object.keys(context.sensorEnv)],
        services: Object.keys(awsEnv()),
      },
    };
    const { stateDir } = context;
    const network = createNativeNetwork(facts, {
      stateDir,
      setRegionLink: (r, c) => links.set(r, c),
    });
    return { network, facts };
  };

  return {
    start,
    setRegionLink: (region, connected) => links.set(region, connected),
    stop: async () => {
      // The orchestrator last: nodes say goodbye to it.
      await supervisor.stop(nodes.filter((name) => name !== 'orchestrator'));
      await supervisor.stop(['orchestrator']);
      await links.close();
    },
  };
}

type Described = Omit<NodeProcess, 'ready' | 'readyTimeoutMs'>;

/** `edge-us-1`, `edge-eu-1`, `edge-as-1`, `edge-us-2` …: every region has its first node early. */
function edgeNodes(context: RunnerContext, configPaths: string[], links: RegionLinks): Described[] {
  return Array.from({ length: context.nodesPerRegion }, (_, index) =>
    REGIONS.map((region): Described => {
      const name = `edge-${region}-${index + 1}`;
      return {
        name,
        template: 'edge',
        settings: {
          Labels: { region, type: 'edge' },
          'Compute.Orchestrators': [links.orchestratorUrl(region)],
          'Compute.AllowListedLocalPaths': configPaths,
        },
        env: { HOSTNAME: name, REGION: region, ...context.sensorEnv },
      };
    }),
  ).flat();
}

function servicesNode(context: RunnerContext, natsPort: number): Described {
  return {
    name: 'web-services-1',
    template: 'web-services',
    settings: { 'Compute.Orchestrators': [`nats://${HOST}:${natsPort}`] },
    env: { ...awsEnv(), ...context.sensorEnv },
  };
}

/** The queue's credentials and address, as AWS's own clients read them. */
function awsEnv(): Record<string, string> {
  const found = Object.entries(process.env).filter(([name, value]) => name.startsWith('AWS_') && value);
  return Object.fromEntries(found) as Record<string, string>;
}
