/**
 * Starts the containers, the nodes only when the orchestrator accepts connections: a node that starts before it waits
 * 20 s for its next try. Compose could wait for the orchestrator's health check, but that runs every 5 s only.
 */
import { AppError } from '../../lib/errors/app-error.js';
import { waitForHttp } from '../../lib/net/http-client.js';
import { NodeList } from '../bacalhau/node-list.js';
import { type ComposePlan, callFor, writeVariables } from './compose-plan.js';
import { compose } from './engine/compose-project.js';

export interface BringUpOptions {
  /** Names of the edge nodes. */
  edges: string[];
  /** Whether there is a web-services node. */
  withServices: boolean;
  signal: AbortSignal;
  progress(step: string, done: number, total: number): void;
}

/**
 * Resolves when every edge node is connected, and proxy and puller are ready, with the first three numbers of the
 * backbone's addresses. When it settles no compose call is running, which could start what is being removed.
 */
export async function bringUp(plan: ComposePlan, options: BringUpOptions): Promise<string> {
  const { ports, project } = plan;
  // Services that are named together still wait for each other's health, hence three calls.
  const up = (services: string[]) =>
    compose(project, ['--profile', '*', 'up', '--detach', '--no-deps', ...services], callFor(plan));
  const optional = [
    ...(ports.QUEUE_PORT === undefined ? [] : ['queue']),
    ...(ports.REGISTRY_PORT === undefined ? [] : ['registry']),
  ];
  options.progress('starting the orchestrator and the services', 0, 1);
  const backbone = await onFreeBackbone(plan.backbone, (addresses) => {
    writeVariables(plan, addresses);
    return up(['orchestrator', 'client', ...optional]);
  });
  options.signal.throwIfAborted();
  const results = await Promise.allSettled([up(['sqs-proxy', 'sqs-puller']), startNodes(plan, options, up)]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  await Promise.all(
    [ports.PROXY_PORT, ports.PULLER_PORT].map((port) => waitForHttp(`http://127.0.0.1:${port}/ready`, options.signal)),
  );
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

async function startNodes(
  { ports }: ComposePlan,
  { edges, withServices, signal, progress }: BringUpOptions,
  up: (services: string[]) => Promise<string>,
): Promise<void> {
  const api = `http://127.0.0.1:${ports.API_PORT}`;
  await waitForHttp(`${api}/api/v1/agent/alive`, signal);
  const since = Date.now();
  let done = 0;
  progress('nodes connected', done, edges.length);
  await up([...edges, ...(withServices ? ['web-services'] : [])]);
  const list = new NodeList(api, ports.NATS_PORT);
  await Promise.all(
    edges.map(async (name) => {
      await list.connected(name, since, signal);
      progress('nodes connected', ++done, edges.length);
    }),
  );
}
