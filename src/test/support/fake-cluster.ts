/** A cluster whose jobs are carried out by a {@link FakeFleet}; the sensor host's app serves it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { AppError } from '../../lib/errors/app-error.js';
import { type SensorConfig, sensorConfigSchema } from '../../protocol/sensor-config.js';
import type { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import type { Cluster } from '../../sensor-host/cluster.js';
import type { ClusterJob, ClusterNode, ClusterSubmission, JobSpec } from '../../sensor-host/host-schemas.js';
import type { FakeFleet } from './fake-fleet.js';

const REGIONS = ['us', 'eu', 'as'];

export class FakeCluster implements Cluster {
  readonly #all: (ClusterNode & { connected: boolean })[];
  readonly #list = new Map<string, ClusterJob & { spec: string }>();
  #executions = 0;
  /** Why every execution fails, where it does. */
  failure: string | undefined;
  /** Whether jobs do what they should. */
  works = true;
  /** How the nodes follow a cut. */
  linksFollow = true;

  readonly #fleet: FakeFleet;
  readonly #desired: DesiredConfigStore;

  constructor(fleet: FakeFleet, desired: DesiredConfigStore, nodesPerRegion: number) {
    this.#fleet = fleet;
    this.#desired = desired;
    this.#all = REGIONS.flatMap((region) =>
      Array.from({ length: nodesPerRegion }, (_, i) => ({
        name: `edge-${region}-${i + 1}`,
        region,
        type: 'edge',
        connected: true,
      })),
    );
  }

  nodes(): (ClusterNode & { connected: boolean })[] {
    return this.#all;
  }

  jobs(): ClusterJob[] {
    return [...this.#list.values()];
  }

  async submit(spec: JobSpec): Promise<ClusterSubmission> {
    const own = this.#all.filter(({ region }) => region === spec.region);
    if (own.length === 0) {
      const hint = `Regions here: ${REGIONS.join(', ')}.`;
      throw new AppError('NO_SUCH_REGION', `there is no region ${spec.region}`, { hint });
    }
    const before = this.#list.get(spec.name);
    const text = JSON.stringify({ ...spec, args: spec.args.filter((arg) => !arg.startsWith('--submission-time')) });
    const running = before?.state === 'running';
    if (running && before.spec === text) return { jobId: before.id, version: before.version, unchanged: true };
    const job = {
      id: before?.id ?? `j-${spec.name}`,
      name: spec.name,
      module: spec.module,
      region: spec.region,
      version: (before?.version ?? 0) + 1,
      state: 'running' as ClusterJob['state'],
      message: '',
      executions: [] as ClusterJob['executions'],
      spec: text,
    };
    this.#list.set(spec.name, job);
    for (const node of spec.type === 'batch' ? own.slice(0, 1) : own) {
      const id = `e-${++this.#executions}`;
      const failed = this.failure !== undefined;
      job.executions.push({ id, node: node.name, state: failed ? 'failed' : 'running', message: this.failure ?? '' });
      if (failed) job.state = 'failed';
      else if (this.works) this.#carryOut(spec, job, id, node);
    }
    return { jobId: job.id, version: job.version, unchanged: false };
  }

  #carryOut(spec: JobSpec, job: ClusterJob, execution: string, node: ClusterNode): void {
    const flags = Object.fromEntries(
      spec.args.map((arg) => /^--([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? []).map(([, name = '', value]) => [name, value]),
    );
    if (spec.module === 'publisher') {
      if (!this.#all.find(({ name }) => name === node.name)!.connected) return;
      this.#fleet.start({
        hostname: node.name,
        region: node.region,
        job: job.id,
        execution,
        submission: Number(flags['submission-time']),
        flags: valuesOf(flags),
        path: spec.mounts?.[0]?.source,
      });
      return;
    }
    const file = spec.mounts?.[0]?.source;
    const set = valuesOf(flags);
    if (file === undefined) {
      const { region, hostname } = flags;
      const scope = hostname === undefined ? (region === undefined ? {} : { region }) : { hostname };
      this.#desired.patch({ scope, set, unset: [] }, Date.now());
    } else {
      const lines = Object.entries(set).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
      writeFileSync(file, readFileSync(file, 'utf8') + lines.join(''));
    }
    job.state = 'completed';
    for (const done of job.executions) done.state = 'completed';
  }

  stop(name: string): boolean {
    const job = this.#list.get(name);
    if (job?.state !== 'running') return false;
    job.state = 'stopped';
    for (const execution of job.executions) execution.state = 'stopped';
    return true;
  }

  setRegionLink(region: string, connected: boolean): void {
    if (this.linksFollow) for (const node of this.#all) if (node.region === region) node.connected = connected;
  }

  stats() {
    return { running: 0, results: {} };
  }

  async close(): Promise<void> {}
}

function valuesOf(flags: Record<string, string | undefined>): SensorConfig {
  const given = { color: flags.color, emoji: flags.emoji, random_off: flags['random-off'], interval: flags.interval };
  const all = { ...given, paused: flags.paused };
  return sensorConfigSchema.parse(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}
