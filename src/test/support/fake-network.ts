/** For unit tests: a network, a fleet view and a proxy that are data, and record what is asked of them. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { type JobRef, type JobRequest, jobName, jobRefOf, sameJob } from '../../jobs/job-request.js';
import type { ExecutionInfo, JobInfo, Network, NodeInfo, Submission } from '../../network/network.js';

export const edgeNode = (name: string, over: Partial<NodeInfo> = {}): NodeInfo => ({
  ...{ name, region: name.split('-')[1]!, type: 'edge', connected: true },
  ...over,
});

export const execution = (node: string, state: ExecutionInfo['state'], message = ''): ExecutionInfo => ({
  ...{ id: `e-${node}`, node, state, message },
});

export const jobInfo = (ref: JobRef, over: Partial<JobInfo> = {}): JobInfo => ({
  ...{ id: `j-${jobName(ref)}`, name: jobName(ref), ref, version: 1, state: 'running', message: '', executions: [] },
  ...over,
});

/** Jobs run at once, and on every node, unless a test changes `jobList` or `submission`. */
export class FakeNetwork implements Network {
  readonly kind = 'fake';
  nodeList: NodeInfo[] = ['edge-us-1', 'edge-eu-1', 'edge-as-1'].map((name) => edgeNode(name));
  jobList: JobInfo[] = [];
  submission: Partial<Submission> = {};
  readonly submitted: JobRequest[] = [];
  /** Whether the last one was submitted without a handover. */
  submittedNow: boolean | undefined;
  handsOver?: true;
  readonly stopped: JobRef[] = [];
  readonly links: [region: string, connected: boolean][] = [];
  proxyNames?: Record<string, string>;
  owner?: string;
  proxyUrlOf?: NonNullable<Network['proxyUrlOf']>;
  configFile?: NonNullable<Network['configFile']>;
  logs?: NonNullable<Network['logs']>;
  /** Called after a submission. */
  onSubmit: (request: JobRequest) => void = () => {};

  nodes = async () => this.nodeList;
  jobs = async () => this.jobList;
  sensorProxyUrl = (region: string) => `http://proxy-of-${region}`;

  async submit(request: JobRequest, options?: { now?: boolean | undefined }): Promise<Submission> {
    this.submitted.push(request);
    this.submittedNow = options?.now;
    const ref = jobRefOf(request);
    const job = jobInfo(ref);
    this.jobList = [...this.jobList.filter((one) => !sameJob(one.ref, ref)), job];
    this.onSubmit(request);
    return { jobId: job.id, jobName: job.name, unchanged: false, facts: [], ...this.submission };
  }

  async stop(ref: JobRef): Promise<boolean> {
    this.stopped.push(ref);
    return this.jobList.some((job) => sameJob(job.ref, ref) && job.state === 'running');
  }

  async setRegionLink(region: string, connected: boolean): Promise<void> {
    this.links.push([region, connected]);
  }
}

export const sensorView = (hostname: string, over: Partial<SensorView> = {}): SensorView =>
  ({
    ...{ execution_id: `e-${hostname}`, hostname, region: hostname.split('-')[1], state: 'live', sequence: 1 },
    ...{ color: '#000000', icon_name: '🚀', job_submission_time: 0, waiting: 0, unaccounted: 0 },
    ...over,
  }) as SensorView;
