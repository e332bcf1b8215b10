/** Starts and stops a compose network, and watches it in between. */
import { containersOf, lastLogLines } from '../../docker/containers.js';
import { removeOwned, stopOwned } from '../../docker/owned-objects.js';
import { runCleanups } from '../../lib/async/run-cleanups.js';
import { AppError } from '../../lib/errors/app-error.js';
import { waitForHttp } from '../../lib/net/http-client.js';
import { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { NodeList } from '../bacalhau/node-list.js';
import { isEdgeOf, plannedEdges } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan } from '../provider.js';
import { relayName } from '../relays.js';
import { writeVariables } from './compose-env.js';
import { type ComposeConnection, connectionOf, createComposeClient } from './compose-network.js';
import type { ComposePlan } from './compose-provider.js';
import {
  type ComposeCall,
  compose,
  keepLogs,
  logFolderOf,
  type Project,
  requireOwnProject,
} from './engine/compose-project.js';
import { failOnExit, watchContainers } from './engine/container-watch.js';
import { regionNetworks } from './engine/region-networks.js';
import { prepare, takeProject } from './prepare.js';

const READY_MS = 60_000;
/** Added to that for each edge node. */
const READY_MS_PER_NODE = 500;
/** They stop after all others, which hand over their readings to the queue and sign off from the orchestrator. */
const STOPPED_LAST = ['queue', 'postgres', 'orchestrator'];

/** @param resting services that are stopped on purpose */
export function createComposeRun(
  plan: ComposePlan,
  resting: ReadonlySet<string>,
): Omit<NetworkPlan<ComposeConnection>, 'services'> {
  const { project, context, ports } = plan;
  const { emit, nodesPerRegion, stateDir } = context;
  const stopping = new AbortController();
  const client = createComposeClient(project, ports.API_PORT);
  const reconciler = new ExecutionReconciler(client, emit);
  const setLink = regionNetworks(project.name, context.relays);
  const edges = plannedEdges(nodesPerRegion).map(({ name }) => name);
  const edgesOf = (region: string) => edges.filter((name) => isEdgeOf(name, region));
  const progress = (step: string, done = 0, total = 1) => emit({ type: 'network.progress', step, done, total });
  let starting: ReturnType<typeof start> | undefined;
  let bringing: Promise<string> | undefined;
  let watching: Promise<void> | undefined;
  let isOurs = false;

  const start = async () => {
    await takeProject(plan);
    isOurs = true;
    const withServices = await prepare(plan, progress, stopping.signal);
    stopping.signal.throwIfAborted();
    const backbone = await bringUpInTime(withServices);
    // `BACALHAU_VERSION` may name any.
    await client.agentVersion();
    watching = watchContainers({ project, emit, signal: stopping.signal, onRestart, resting });
    return { connection: connectionOf(plan, { backbone, withServices }) };
  };

  const bringUpInTime = async (withServices: boolean): Promise<string> => {
    const attempt = new AbortController();
    const ms = READY_MS + READY_MS_PER_NODE * edges.length;
    const time = AbortSignal.timeout(ms);
    const signal = AbortSignal.any([attempt.signal, stopping.signal, time]);
    try {
      bringing = bringUp(plan, withServices, signal, progress);
      return await Promise.race([bringing, failOnExit(project, signal)]);
    } catch (error) {
      // Another error explains more than that the time is up.
      const isAbort = ['AbortError', 'TimeoutError'].includes((error as Error).name);
      throw isAbort && time.aborted && !stopping.signal.aborted ? await notReady(project, ms) : error;
    } finally {
      attempt.abort();
      // An `up` of the same project that starts in the same second finds no containers either; then both use the same ones.
      await requireOwnProject(project.name, stateDir);
    }
  };

  // A node that restarts runs its executions again by itself; the reconciler helps where it does not.
  const onRestart = (service: string): void => {
    // All nodes lose an orchestrator that exits, and it counts executions as lost when a node is back before the others.
    const regions = service === 'orchestrator' ? REGIONS : REGIONS.filter((name) => isEdgeOf(service, name));
    for (const region of regions) reconciler.begin(region, edgesOf(region));
  };

  return {
    start: () => {
      starting = start();
      return starting;
    },
    setRegionLink: async (region, connected) => {
      await setLink(region, connected);
      if (connected) reconciler.begin(region, edgesOf(region));
      else reconciler.end(region);
    },
    stop: async () => {
      stopping.abort();
      reconciler.end();
      await starting?.catch(() => {});
      await bringing?.catch(() => {});
      await watching;
      // Without Docker, or while the project belongs to others, nothing here was started.
      if (!isOurs) return;
      await runCleanups([
        // Everything else is removed even if the logs can't be read.
        () => (bringing === undefined ? undefined : keepLogs(project).catch(() => {})),
        () => stopOwned(stateDir, STOPPED_LAST),
        async () => {
          const { kept } = await removeOwned(stateDir);
          for (const name of kept) emit({ type: 'orphan.kept', name });
        },
      ]);
    },
  };
}

const LAST_LINES = 3;

async function notReady(project: Project, ms: number): Promise<AppError> {
  const containers = await containersOf({ project: project.name }).catch(() => []);
  // One without a health check is ready when it runs.
  const unready = containers.filter(({ state, health = 'healthy' }) => state !== 'running' || health !== 'healthy');
  const details = await Promise.all(
    unready.map(async ({ name, service, state, health }) => [
      `${service}: ${health === undefined ? state : `${state}, ${health}`}`,
      ...(await lastLogLines(name, LAST_LINES)).map((line) => `  ${line}`),
    ]),
  );
  return new AppError('NETWORK_NOT_READY', `the network was not ready after ${ms / 1000} s`, {
    details: details.flat(),
    hint: `The logs of its containers are in ${logFolderOf(project)}.`,
  });
}

/**
 * Resolves when every edge node is connected, and proxy and puller are ready, with the first three numbers of the
 * backbone's addresses. When it settles no compose call is running, which could start what is being removed.
 */
async function bringUp(
  plan: ComposePlan,
  withServices: boolean,
  signal: AbortSignal,
  progress: (step: string, done?: number, total?: number) => void,
): Promise<string> {
  const { ports, project, secrets, context } = plan;
  const edges = plannedEdges(context.nodesPerRegion).map(({ name }) => name);
  const api = `http://127.0.0.1:${ports.API_PORT}`;
  // Services that are named together still wait for each other's health, hence three calls. `up` waits for a call when it
  // cleans up.
  const call: ComposeCall = { secrets, apart: (pid) => context.supervisor.adopt('docker compose', pid) };
  const up = (services: string[]) =>
    compose(project, ['--profile', '*', 'up', '--detach', '--no-deps', ...services], call);
  const optional = [
    ...(ports.QUEUE_PORT === undefined ? [] : ['queue']),
    ...(ports.REGISTRY_PORT === undefined ? [] : ['registry']),
  ];
  const startNodes = async () => {
    await waitForHttp(`${api}/api/v1/agent/alive`, signal);
    const since = Date.now();
    let done = 0;
    progress('nodes connected', done, edges.length);
    await up([...edges, ...(withServices ? ['web-services'] : [])]);
    const list = new NodeList(api, ports.NATS_PORT);
    const connected = async (name: string) => {
      await list.connected(name, since, signal);
      progress('nodes connected', ++done, edges.length);
    };
    await Promise.all(edges.map(connected));
  };

  progress('starting the orchestrator and the services', 0, 1);
  const backbone = await onFreeBackbone(plan.backbone, (addresses) => {
    writeVariables(plan, addresses);
    return up(['orchestrator', 'client', ...optional]);
  });
  // A puller ends where the database can't be reached at its start.
  if (plan.postgresImage !== undefined) await up(['--wait', 'postgres']);
  signal.throwIfAborted();
  const results = await Promise.allSettled([
    up(['sqs-proxy', 'sqs-puller', ...(context.relays ? REGIONS.map(relayName) : [])]),
    startNodes(),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  for (const port of [ports.PROXY_PORT, ports.PULLER_PORT]) await waitForHttp(`http://127.0.0.1:${port}/ready`, signal);
  return backbone;
}

/** Third numbers of the networks 10.213.N.0/24 that are tried. */
const FIRST = 90;
const LAST = 119;

/**
 * Calls `make` with the first three numbers of a /24 network until the engine accepts one; resolves with them. Only what
 * was `given` is tried when it is.
 */
export async function onFreeBackbone(
  given: string | undefined,
  make: (backbone: string) => Promise<unknown>,
): Promise<string> {
  for (let third = FIRST; ; third++) {
    const backbone = given ?? `10.213.${third}`;
    try {
      await make(backbone);
      return backbone;
    } catch (error) {
      const isTaken = error instanceof AppError && error.code === 'SUBNET_IN_USE';
      if (!isTaken || given !== undefined || third === LAST) throw error;
    }
  }
}
