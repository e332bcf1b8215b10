/**
 * The embedded cluster: nodes that are entries of a table, and jobs that behave as Bacalhau's do (a submission replaces
 * the running job of the same name; ids look the same; a cut region keeps running).
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '../lib/errors/app-error.js';
import { Job, type SensorExit } from './embedded-job.js';
import type { AnyModule } from './guest/sensor-module.js';
import type { ClusterJob, ClusterNode, ClusterSubmission, HostStats, JobSpec } from './host-schemas.js';
import type { SensorHost } from './sensor-host.js';

export interface ClusterOptions {
  host: SensorHost;
  nodes: ClusterNode[];
  /** Loads a built-in module, or one of the user by its hash; called once for each, and again after a failure. */
  loadModule(name: string): Promise<AnyModule>;
  /** Environment for a module's execution on a node, such as its token; never shown. */
  moduleEnv?(name: string, node: string): Record<string, string>;
  /** Called when a sensor exits by itself. */
  onExit?(exit: SensorExit): void;
}

export interface Cluster {
  nodes(): (ClusterNode & { connected: boolean })[];
  jobs(): ClusterJob[];
  /**
   * Replaces the job of this name. Resolves when all its executions have been started; those of the older submission
   * send nothing by then. `jobId`: for a job that is new here, but was known to an earlier host. Rejects with
   * `NO_SUCH_REGION`, `NO_NODES`, or as `loadModule` does.
   */
  submit(spec: JobSpec, jobId?: string): Promise<ClusterSubmission>;
  /** Stops a job at once; false when it was not running. */
  stop(name: string): boolean;
  /** Cuts or restores a region's link. Throws `NO_SUCH_REGION`. */
  setRegionLink(region: string, connected: boolean): void;
  stats(): HostStats;
  close(): Promise<void>;
}

export function createCluster(options: ClusterOptions): Cluster {
  const { host, nodes, loadModule, moduleEnv = () => ({}), onExit = () => {} } = options;
  const jobs = new Map<string, Job>();
  const modules = new Map<string, Promise<AnyModule>>();
  const regions = new Set(nodes.map(({ region }) => region));

  function checkRegion(region: string): void {
    if (regions.has(region)) return;
    throw new AppError('NO_SUCH_REGION', `there is no region ${region}`, {
      hint: `Regions here: ${[...regions].join(', ')}.`,
    });
  }

  function moduleFor(name: string): Promise<AnyModule> {
    let module = modules.get(name);
    if (!module) {
      module = loadModule(name);
      modules.set(name, module);
      // The module may be built later.
      module.catch(() => modules.delete(name));
    }
    return module;
  }

  /** A compiled module takes several times its size, and each build of a user's module is another one. */
  function forgetUnused(): void {
    const used = new Set([...jobs.values()].map(({ module }) => module));
    for (const name of modules.keys()) if (!used.has(name)) modules.delete(name);
  }

  return {
    nodes: () => nodes.map((node) => ({ ...node, connected: host.isConnected(node.region) })),
    jobs: () => [...jobs.values()].map((job) => job.info()),
    async submit(spec, jobId = `j-${randomUUID()}`) {
      if (spec.region !== '') checkRegion(spec.region);
      const module = await moduleFor(spec.module);
      const matching = nodes.filter((node) => node.type === 'edge' && [node.region, ''].includes(spec.region));
      if (matching.length === 0) throw new AppError('NO_NODES', `no edge nodes in region ${spec.region}`);
      let job = jobs.get(spec.name);
      if (!job) {
        job = new Job(spec.name, jobId, spec);
        jobs.set(spec.name, job);
      }
      const unchanged = job.runs(spec);
      if (!unchanged) {
        const placed = spec.type === 'batch' ? matching.slice(0, 1) : matching;
        const env = (node: string) => moduleEnv(spec.module, node);
        await job.replace(spec, { host, module, env, nodes: placed, onExit });
        forgetUnused();
      }
      return { jobId: job.id, version: job.version, unchanged };
    },
    stop: (name) => jobs.get(name)?.stop() ?? false,
    setRegionLink(region, connected) {
      checkRegion(region);
      host.setLink(region, connected);
    },
    stats: () => ({
      ...host.stats(),
      nodes: nodes.length,
      memoryBytes: process.memoryUsage.rss(),
      cpuMs: Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000),
      uptimeMs: Math.round(process.uptime() * 1000),
    }),
    async close() {
      for (const job of jobs.values()) job.stop();
      await host.close();
    },
  };
}
