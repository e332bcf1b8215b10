/** Starts and stops a compose network, and watches it in between. */

import { runCleanups } from '../../lib/async/run-cleanups.js';
import { withTimeout } from '../../lib/async/with-timeout.js';
import { AppError } from '../../lib/errors/app-error.js';
import { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan } from '../provider.js';
import { bringUp } from './bring-up.js';
import { createComposeClient } from './client-container.js';
import { type ComposeConnection, connectionOf } from './compose-connection.js';
import { ComposeLinks } from './compose-links.js';
import { foreignOwner, removeOrphans, stopContainers } from './compose-orphans.js';
import { type ComposePlan, callFor } from './compose-plan.js';
import { compose, containersOf, lastLinesOf } from './compose-project.js';
import { keepLogs, logFileOf } from './container-logs.js';
import { untilOneFails, watchContainers } from './container-watch.js';
import { prepare, takeProject } from './prepare-compose.js';
import { claimProject } from './project-claim.js';

const READY_MS = 60_000;
/** Of each container that is to blame. */
const LAST_LINES = 3;
/** What each node more adds to the time that all may take. */
const READY_MS_PER_NODE = 500;

type Run = Omit<NetworkPlan<ComposeConnection>, 'services'>;

export function createComposeRun(plan: ComposePlan): Run {
  const { project, context, ports } = plan;
  const { emit, nodesPerRegion } = context;
  const ending = new AbortController();
  const client = createComposeClient(project, ports.API_PORT);
  const reconciler = new ExecutionReconciler({ client, stateDir: context.stateDir, emit });
  const links = new ComposeLinks(project);
  const numbers = Array.from({ length: nodesPerRegion }, (_, index) => index + 1);
  const edgesOf = (region: string) => numbers.map((number) => `edge-${region}-${number}`);
  const edges = REGIONS.flatMap(edgesOf);
  const progress = (step: string, done = 0, total = 1) => emit({ type: 'network.progress', step, done, total });
  let starting: Promise<unknown> | undefined;
  let taking: Promise<void> | undefined;
  let bringing: Promise<string> | undefined;
  let watching: Promise<void> | undefined;

  const start = async () => {
    taking = takeProject(plan);
    await taking;
    const withServices = await prepare(plan, progress, ending.signal);
    // Two that find the claim of a killed `up` at the same time may both have taken its place: the later one has it.
    await claimProject(project.name, context.stateDir);
    ending.signal.throwIfAborted();
    const backbone = await bringUpWatched(withServices);
    watching = watchContainers({ project, emit, signal: ending.signal, onRestart });
    return { connection: connectionOf(plan, { backbone, withServices }) };
  };

  const bringUpWatched = async (withServices: boolean): Promise<string> => {
    const attempt = new AbortController();
    const ms = READY_MS + READY_MS_PER_NODE * edges.length;
    const late = async () => {
      const containers = await containersOf({ project: project.name }).catch(() => []);
      // One without a health check is well when it runs.
      const unwell = containers.filter(
        ({ state, status }) => state !== 'running' || /\((unhealthy|health: )/.test(status),
      );
      const words = await Promise.all(
        unwell.map(async ({ name, service, status }) => [
          `${service}: ${status}`,
          ...(await lastLinesOf(name, LAST_LINES).catch(() => [])).map((line) => `  ${line}`),
        ]),
      );
      return new AppError('NETWORK_NOT_READY', 'system', `the network was not ready after ${ms / 1000} s`, {
        details: words.flat(),
        hint: `What its containers said is in ${logFileOf(project)}.`,
      });
    };
    try {
      return await withTimeout({ ms, signal: AbortSignal.any([attempt.signal, ending.signal]), late }, (signal) => {
        bringing = bringUp(plan, { edges, withServices, signal, progress });
        return Promise.race([bringing, untilOneFails(project, signal)]);
      });
    } finally {
      attempt.abort();
    }
  };

  const setRegionLink = async (region: string, connected: boolean) => {
    await links.set(region, connected);
    if (connected) reconciler.begin(region, edgesOf(region));
    else reconciler.end(region);
  };

  // A node that is started again runs the executions of before once more, by itself; where it does not, this helps.
  const onRestart = (service: string): void => {
    // All nodes lose an orchestrator that ends, and it takes executions for lost when a node is back before the others.
    const regions = service === 'orchestrator' ? REGIONS : REGIONS.filter((name) => edgesOf(name).includes(service));
    for (const region of regions) reconciler.begin(region, edgesOf(region));
  };

  const endContainers = async (): Promise<void> => {
    const call = callFor(plan);
    // A log that can't be had must not keep the rest from being removed.
    await keepLogs(project, call).catch(() => {});
    // Compose would take away all that has the name.
    if ((await foreignOwner(project.name, context.stateDir)) !== undefined) return stopContainers(context.stateDir);
    await compose(project, ['--profile', '*', 'down', '--remove-orphans'], call);
  };

  /** What compose lets be, and what it could not end. */
  const removeRest = async (): Promise<void> => {
    const { kept } = await removeOrphans(context.stateDir);
    for (const text of kept) emit({ type: 'network.note', text: `could not remove ${text}` });
  };

  return {
    start: () => {
      const started = start();
      starting = started;
      return started;
    },
    setRegionLink,
    stop: async () => {
      ending.abort();
      reconciler.end();
      await starting?.catch(() => {});
      await bringing?.catch(() => {});
      await watching;
      // Without Docker, or while the name is somebody else's, there is nothing here that is ours.
      const ours = await taking?.then(
        () => true,
        () => false,
      );
      if (!ours) return;
      await runCleanups([...(bringing ? [() => endContainers()] : []), () => removeRest()]);
    },
  };
}
