/** For tests: a fifth kind of network, `toy`, that only this file knows. Its sensors are timers inside `up`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { JobRef, PublisherJob } from '../../jobs/job-request.js';
import type { JobInfo, Network, NodeInfo, Submission } from '../../network/network.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../../network/provider.js';
import type { SensorConfig } from '../../protocol/sensor-config.js';

const connectionSchema = z.object({ url: z.string(), proxyUrl: z.string() });
type Connection = z.output<typeof connectionSchema>;

export const toyProvider: NetworkProvider<Connection> = {
  kind: 'toy',
  capabilities: {},
  connectionSchema,
  plan: async (_, context) => planToy(context),
  open({ url, proxyUrl }, { setRegionLink }): Network {
    const call = async <T>(action: string, argument?: unknown): Promise<T> => {
      const response = await fetch(`${url}/${action}`, { method: 'POST', body: JSON.stringify({ argument }) });
      return (await response.json()) as T;
    };
    return {
      kind: 'toy',
      nodes: () => call<NodeInfo[]>('nodes'),
      jobs: () => call<JobInfo[]>('jobs'),
      submit: (job) => call<Submission>('submit', job),
      stop: (name) => call<boolean>('stop', name),
      sensorProxyUrl: () => proxyUrl,
      setRegionLink,
    };
  },
};

function planToy({ nodesPerRegion }: PlanContext): NetworkPlan<Connection> {
  const numbers = Array.from({ length: nodesPerRegion }, (_, index) => index + 1);
  const nodes = ['north', 'south'].flatMap((region) => numbers.map((n) => new ToyNode(`toy-${region}-${n}`, region)));
  const jobs = new Map<string, JobInfo>();
  const actions: Record<string, (argument: never) => unknown> = {
    nodes: () => nodes.map(({ name, region, connected }) => ({ name, region, type: 'edge', connected })),
    jobs: () => [...jobs.values()],
    submit(job: PublisherJob): Submission {
      const [jobName, jobId] = [`publisher-${job.region}`, `j-${job.region}-${job.submissionTime}`];
      const own = nodes.filter(({ region }) => region === job.region);
      for (const node of own) node.run(jobId, job);
      const executions = own.map(({ name }) => ({
        id: `e-${name}`,
        node: name,
        state: 'running' as const,
        message: '',
      }));
      jobs.set(jobName, {
        id: jobId,
        name: jobName,
        ref: { role: 'publisher', region: job.region },
        version: 1,
        state: 'running',
        message: '',
        executions,
      });
      return { jobId, jobName, unchanged: false, facts: [] };
    },
    stop({ region }: JobRef): boolean {
      for (const node of nodes) if (node.region === region) node.stop();
      return jobs.delete(`publisher-${region}`);
    },
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { argument } = JSON.parse(text);
    response.end(JSON.stringify(actions[request.url!.slice(1)]!(argument as never)));
  });
  return {
    async start({ proxyUrl }) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { connection: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, proxyUrl } };
    },
    async setRegionLink(region, connected) {
      for (const node of nodes) if (node.region === region) node.connected = connected;
    },
    async stop() {
      for (const node of nodes) node.stop();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A node and its sensor, which sends five readings a second and follows the configuration in the answers. */
class ToyNode {
  connected = true;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;
  #version = 0;
  #config: SensorConfig = {};

  constructor(
    readonly name: string,
    readonly region: string,
  ) {}

  run(jobId: string, job: PublisherJob): void {
    this.stop();
    this.#sequence = 0;
    this.#timer = setInterval(() => void this.#send(jobId, job).catch(() => {}), 200);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #send(jobId: string, { proxyUrl, config, submissionTime }: PublisherJob): Promise<void> {
    if (!this.connected) return;
    const source = this.#config.color === undefined ? 'd' : 'n';
    const response = await fetch(`${proxyUrl}/send`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-sensor-config': `v=${this.#version};src=${source}dddd;file=none;interval=200;paused=0`,
      },
      body: JSON.stringify({
        job_id: jobId,
        execution_id: `e-${this.name}-${submissionTime}`,
        icon_name: '🤖',
        timestamp: new Date().toISOString(),
        color: this.#config.color ?? config.color ?? '#000000',
        sequence: ++this.#sequence,
        region: this.region,
        job_submission_time: submissionTime,
        hostname: this.name,
      }),
    });
    const answer = (await response.json()) as { config?: SensorConfig & { version: number } };
    if (answer.config === undefined || answer.config.version <= this.#version) return;
    this.#config = answer.config;
    this.#version = answer.config.version;
  }
}
