/**
 * The embedded cluster: nodes that are entries of a table, and jobs that behave as Bacalhau's do (a submission replaces
 * the running job of the same name; ids have the same form; a cut region keeps running).
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '../lib/errors/app-error.js';
import { HostList } from '../lib/net/host-list.js';
import { isModuleName, type ModuleName } from '../modules/module-files.js';
import { Job, type RunOptions } from './embedded-job.js';
import type { ForeignHost } from './foreign/foreign-host.js';
import type { AnyModule } from './guest/sensor-module.js';
import type { ClusterJob, ClusterNode, ClusterSubmission, JobSpec } from './host-schemas.js';
import { JobVersion, type SensorExit } from './job-version.js';
import { type Runner, type SensorHost, sumOfCounts } from './sensor-host.js';

export interface ClusterOptions {
  /** For our modules. */
  host: Pick<SensorHost, keyof SensorHost>;
  /** For those of the user. */
  foreign: Pick<ForeignHost, 'open' | 'setLink' | 'stats' | 'close'>;
  nodes: ClusterNode[];
  /** Loads one of our modules, for each submission: V8 compiles the same bytes once. */
  loadModule(name: ModuleName): Promise<AnyModule>;
  /** Path of a module of the user, by its hash. Throws `MODULE_UNREADABLE`. */
  modulePath(sha256: string): string;
  /** Environment for a module's execution on a node, such as its token; never shown. */
  moduleEnv?(name: string, node: string): Record<string, string>;
  onEvent?(event: SensorExit | SensorRefused): void;
}

/** A guest of a job asked for a host that the job does not allow; said once for each host. */
export interface SensorRefused {
  type: 'sensor.refused';
  job: string;
  host: string;
}

export type Cluster = ReturnType<typeof createCluster>;

export function createCluster(options: ClusterOptions) {
  const { host, foreign, nodes } = options;
  const jobs = new Map<string, Job>();
  const regions = new Set(nodes.map(({ region }) => region));

  function checkRegion(region: string): void {
    if (regions.has(region)) return;
    throw new AppError('NO_SUCH_REGION', `there is no region ${region}`, {
      hint: `Regions here: ${[...regions].join(', ')}.`,
    });
  }

  async function runnerFor({ name, module, allow = [] }: JobSpec): Promise<Runner> {
    const onRefused = (refused: string) => options.onEvent?.({ type: 'sensor.refused', job: name, host: refused });
    if (!isModuleName(module)) return foreign.open({ module: options.modulePath(module), allow }, onRefused);
    const ours = await options.loadModule(module);
    const allowed = new HostList(allow, onRefused);
    return {
      start: (spec, onExit) => host.start(ours, { ...spec, allowed }, onExit),
      close: () => {},
    };
  }

  return {
    nodes: (): (ClusterNode & { connected: boolean })[] =>
      nodes.map((node) => ({ ...node, connected: host.isConnected(node.region) })),
    jobs: (): ClusterJob[] => [...jobs.values()].map((job) => job.info()),
    /**
     * Replaces the job of this name. Resolves when all its executions have been started, but for those that wait for a
     * handover. `jobId`: for a job that is new here, but was known to an earlier host. Rejects with `NO_SUCH_REGION`,
     * `NO_NODES`, or as `loadModule` and `ForeignHost.open` do.
     */
    async submit(
      spec: JobSpec,
      { jobId, onSettled }: { jobId?: string | undefined } & Pick<RunOptions, 'onSettled'> = {},
    ): Promise<ClusterSubmission> {
      if (spec.region !== '') checkRegion(spec.region);
      const matching = nodes.filter((node) => node.type === 'edge' && [node.region, ''].includes(spec.region));
      if (matching.length === 0) throw new AppError('NO_NODES', `no edge nodes in region ${spec.region}`);
      const running = jobs.get(spec.name);
      if (running?.runs(spec)) return { jobId: running.id, version: running.version, unchanged: true };
      const runner = await runnerFor(spec);
      const placed = spec.type === 'batch' ? matching.slice(0, 1) : matching;
      const version = new JobVersion(spec, runner, placed, options, jobId !== undefined);
      const job = jobs.get(spec.name) ?? new Job(spec.name, jobId ?? `j-${randomUUID()}`, version);
      jobs.set(spec.name, job);
      await job.run(version, { handover: spec.handover, onSettled });
      return { jobId: job.id, version: job.version, unchanged: false };
    },
    /** Stops a job at once; false when it was not running. */
    stop: (name: string): boolean => jobs.get(name)?.stop() ?? false,
    /** Cuts or restores a region's link; `onSite`: `HOST:PORT` that its sensors reach all the same. Throws `NO_SUCH_REGION`. */
    setRegionLink(region: string, connected: boolean, onSite?: string): void {
      checkRegion(region);
      host.setLink(region, connected, onSite);
      foreign.setLink(region, connected, onSite);
    },
    stats: () => sumOfCounts([host.stats(), foreign.stats()]),
    async close(): Promise<void> {
      for (const job of jobs.values()) job.stop();
      foreign.close();
      await host.close();
    },
  };
}
