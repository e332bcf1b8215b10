/** Deploying and stopping the publisher: submitted is not running, so both end with what was seen in the readings. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, systemError } from '../core/errors.js';
import type { SensorConfig } from '../core/sensor-config.js';
import { waitFor } from '../lib/backoff.js';
import type { FleetClient } from '../puller/client.js';
import { type Network, type NodeInfo, type PublisherJob, REGIONS, type Submission } from './network.js';

export const publisherJobName = (region: string) => `publisher-${region}`;

export interface DeployOptions {
  config: SensorConfig;
  /** Left out: every region that has connected edge nodes. */
  regions?: string[];
  /** Where the sensors send to, instead of the network's own proxy. */
  proxyUrl?: string;
  /** A YAML file on the nodes, instead of the network's own for each region. */
  configFile?: string;
  maxMessages?: number;
  timeoutMs: number;
  onProgress(progress: DeployProgress): void;
}

export interface DeployProgress {
  step: 'submitting' | 'waiting';
  /** Sensors whose readings were seen, of those expected. */
  seen: number;
  expected: number;
}

export interface DeployResult {
  submissionTime: number;
  regions: { region: string; jobId: string; unchanged: boolean; expected: number; seen: number }[];
  notes: string[];
  seconds: number;
}

/**
 * Submits one publisher job a region and waits until readings of every matching node were seen. Rejects with `NO_NODES`,
 * `DEPLOY_FAILED` (executions failed; their messages are the details) or `DEPLOY_TIMEOUT`.
 */
export async function deployPublisher(
  network: Network,
  fleet: FleetClient,
  options: DeployOptions,
): Promise<DeployResult> {
  const began = Date.now();
  const expected = countByRegion(await network.nodes(), options.regions);
  const submissionTime = began;
  const total = sum(expected.values());
  options.onProgress({ step: 'submitting', seen: 0, expected: total });
  const submissions = await Promise.all(
    [...expected.keys()].map(async (region): Promise<[string, Submission]> => {
      const configFile = options.configFile ?? network.configFile?.(region).onNode;
      const job: PublisherJob = {
        role: 'publisher',
        region,
        proxyUrl: options.proxyUrl ?? network.sensorProxyUrl(region),
        config: options.config,
        submissionTime,
        ...(configFile === undefined ? {} : { configFile }),
        ...(options.maxMessages === undefined ? {} : { maxMessages: options.maxMessages }),
      };
      return [region, await network.submit(job)];
    }),
  );

  const seen = new Map<string, number>();
  const look = async () => {
    const [fresh, any] = await Promise.all([fleet.countSince(submissionTime), fleet.countSince(0)]);
    for (const [region, { unchanged }] of submissions) seen.set(region, (unchanged ? any : fresh)[region] ?? 0);
    const arrived = sum([...expected].map(([region, count]) => Math.min(count, seen.get(region) ?? 0)));
    options.onProgress({ step: 'waiting', seen: arrived, expected: total });
    return arrived >= total ? true : undefined;
  };
  const watch = new AbortController();
  const failure = watchFailures(
    network,
    submissions.map(([, { jobId }]) => jobId),
    watch.signal,
  );
  try {
    const done = await Promise.race([
      waitFor(look, { timeoutMs: options.timeoutMs, everyMs: 50, signal: watch.signal }),
      failure,
    ]);
    if (done === undefined) {
      const missing = [...expected].map(
        ([region, count]) => `${region}: ${seen.get(region) ?? 0} of ${count} sensors send`,
      );
      throw systemError('DEPLOY_TIMEOUT', `after ${options.timeoutMs / 1000} s not every sensor sends`, {
        details: missing,
        hint: '`wasm-sensors status` shows nodes and jobs; the sensors may still come.',
      });
    }
  } finally {
    watch.abort();
  }
  return {
    submissionTime,
    regions: submissions.map(([region, { jobId, unchanged }]) => ({
      region,
      jobId,
      unchanged,
      expected: expected.get(region) ?? 0,
      seen: seen.get(region) ?? 0,
    })),
    notes: [...new Set(submissions.flatMap(([, { notes }]) => notes))],
    seconds: (Date.now() - began) / 1000,
  };
}

/**
 * Ends the publisher jobs; resolves when no reading of them comes any more. Gives the regions where one ran. `token`:
 * the operator's, for the fleet view to be told.
 */
export async function stopPublisher(
  network: Network,
  fleet: FleetClient,
  regions: string[] | undefined,
  token: string,
): Promise<string[]> {
  const jobs = (await network.jobs()).filter(({ name }) => /^publisher(-|$)/.test(name));
  const wanted = jobs.filter(({ name }) => !regions || regions.some((region) => name === publisherJobName(region)));
  const stopped = await Promise.all(wanted.map(async ({ name }) => ((await network.stop(name)) ? name : undefined)));
  const names = stopped.filter((name) => name !== undefined);
  const regionOf = (name: string) => name.replace(/^publisher-?/, '') || 'all';
  if (names.length > 0) await readingsEnded(fleet, names.map(regionOf));
  const endedJobs = wanted.filter(({ name }) => names.includes(name)).map(({ id }) => id);
  await fleet.tell({ endedJobs }, token);
  return names.map(regionOf);
}

/** Nothing more is on its way when nothing has come for a second and the queue is empty. */
async function readingsEnded(fleet: FleetClient, regions: string[]): Promise<void> {
  const received = async () => {
    const summary = await fleet.summary();
    return sum(summary.regions.filter(({ region }) => regions.includes(region)).map((r) => r.received));
  };
  let before = await received();
  const ended = await waitFor(
    async () => {
      await sleep(900);
      const [now, { depth }] = await Promise.all([received(), fleet.stats()]);
      const quiet = now === before && (depth === undefined || depth.visible + depth.inFlight === 0);
      before = now;
      return quiet ? true : undefined;
    },
    { timeoutMs: 30_000 },
  );
  if (!ended)
    throw systemError('STILL_SENDING', 'the jobs were stopped, but readings still come', {
      hint: 'Look at `wasm-sensors status`.',
    });
}

/** Rejects as soon as an execution of these jobs has failed. */
async function watchFailures(network: Network, jobIds: string[], signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(1500, undefined, { signal }).catch(() => {});
    // After the abort nobody looks at the outcome any more.
    if (signal.aborted) return new Promise(() => {});
    const jobs = (await network.jobs().catch(() => [])).filter(({ id }) => jobIds.includes(id));
    // Executions that failed in the past stay listed: only the last one of a node tells how it is.
    const failed = jobs.flatMap(({ executions }) =>
      [...new Map(executions.map((execution) => [execution.node, execution])).values()].filter(
        ({ state }) => state === 'failed',
      ),
    );
    const lost = jobs.filter(({ state }) => state === 'failed');
    if (failed.length + lost.length === 0) continue;
    throw systemError('DEPLOY_FAILED', `${failed.length || lost.length} of the publishers failed`, {
      details: [
        ...failed.map((e) => `${e.node}: ${e.message}`),
        ...(failed.length ? [] : lost.map((j) => `${j.name}: ${j.message}`)),
      ],
    });
  }
}

function countByRegion(nodes: NodeInfo[], wanted: string[] | undefined): Map<string, number> {
  const edge = nodes.filter(({ type, connected, region }) => type === 'edge' && connected && region !== '');
  const known = [...new Set(nodes.map(({ region }) => region).filter(Boolean))];
  const counts = new Map<string, number>();
  for (const region of [...REGIONS, ...known]) {
    const count = edge.filter((node) => node.region === region).length;
    if (count > 0 && (!wanted || wanted.includes(region))) counts.set(region, count);
  }
  const empty = wanted?.filter((region) => !counts.has(region)) ?? [];
  if (empty.length > 0 || counts.size === 0) {
    const where = empty.length > 0 ? ` in region ${empty.join(', ')}` : '';
    throw new AppError('NO_NODES', 'user', `no connected edge node${where}`, {
      hint: `Regions with nodes: ${[...new Set(edge.map((n) => n.region))].join(', ') || 'none'}.`,
    });
  }
  return counts;
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
