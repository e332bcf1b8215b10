/** From Bacalhau's words to ours. */

import type { JobRef } from '../../jobs/job-request.js';
import { HASH_LABEL, MODULE_LABEL, OWNER_LABEL, REGION_LABEL, ROLE_LABEL } from '../../jobs/render-job.js';
import { withoutSensorTokens } from '../../protocol/sensor-token.js';
import type { ExecutionInfo, JobInfo, NodeInfo, PublisherByHand } from '../network.js';
import { NAMESPACE } from './bacalhau-client.js';
import type { RawExecution, RawJob, RawNode } from './bacalhau-schemas.js';

/** A compute node; undefined for the orchestrator, which is listed too. */
export function toNode(raw: RawNode): NodeInfo | undefined {
  if (raw.Info.NodeType !== 'Compute') return undefined;
  const labels = raw.Info.Labels ?? {};
  const isPlain = PLAIN.test(labels.region ?? '');
  const unschedulable = labels.region && !isPlain ? notPlain(labels.region) : withoutEngine(raw);
  return {
    name: raw.Info.NodeID,
    region: isPlain ? labels.region! : '',
    type: labels.type ?? '',
    connected: raw.ConnectionState.Status === 'CONNECTED',
    ...(unschedulable === undefined ? {} : { unschedulable }),
  };
}

/** The compute nodes, and those that are planned and have never connected. */
export function toNodes(raw: RawNode[], planned: NodeInfo[] = []): NodeInfo[] {
  const known = new Map(planned.map((node) => [node.name, node]));
  for (const node of raw.flatMap((one) => toNode(one) ?? [])) known.set(node.name, node);
  return [...known.values()];
}

/** Regions are parts of job names, file names and flags; on a remote cluster somebody else chose them. */
const PLAIN = /^[A-Za-z0-9][\w.-]{0,62}$/;
const notPlain = (region: string) =>
  `its label region=${JSON.stringify(region.slice(0, 63))} is more than letters, digits, "-", "_" and "."`;

/** A node that reports nothing about itself may have the engine. */
function withoutEngine({ Info }: RawNode): string | undefined {
  const info = Info.ComputeNodeInfo;
  return info && !info.ExecutionEngines?.includes('wasm') ? 'it has no WASM engine' : undefined;
}

const JOB_STATES: Record<string, JobInfo['state']> = {
  Pending: 'pending',
  Queued: 'pending',
  Running: 'running',
  Completed: 'completed',
  Failed: 'failed',
  Stopped: 'stopped',
};

const ROLES: JobRef['role'][] = ['publisher', 'config-updater', 'module', 'proxy', 'puller'];

/** The label alone says it: whoever submits by hand may choose any name. */
const roleOf = ({ Labels }: RawJob): JobRef['role'] | undefined => ROLES.find((role) => role === Labels?.[ROLE_LABEL]);

/**
 * Whether a job is one of this program's, also when it was submitted by hand from our templates. One of a role that this
 * version does not know is not: it is neither listed nor stopped.
 */
export const isOurs = (job: RawJob): boolean => job.Labels?.app === 'wasm-sensors' && roleOf(job) !== undefined;

/**
 * From the labels of a job {@link isOurs}. One that was submitted by hand from our template, or by an earlier version, has
 * no label for its region: its constraint and its type show the same.
 */
export function toJobRef(job: RawJob): JobRef {
  const [role, region] = [roleOf(job)!, regionOf(job)];
  const name = role === 'module' ? job.Labels?.[MODULE_LABEL] : undefined;
  const once = ['publisher', 'module'].includes(role) && job.Type === 'ops';
  return {
    role,
    ...(region === undefined ? {} : { region }),
    ...(name === undefined ? {} : { name }),
    ...(once ? { runOnce: true as const } : {}),
  };
}

function regionOf({ Labels, Constraints }: RawJob): string | undefined {
  const constraint = Constraints?.find(({ Key, Operator }) => Key === REGION_LABEL && Operator === '=');
  return Labels?.[REGION_LABEL] ?? constraint?.Values?.[0];
}

/** Where the sensors of a publisher send to, from the arguments of its module. */
export function proxyUrlOf({ Tasks }: RawJob): string | undefined {
  const args = Tasks?.flatMap(({ Engine }) => Engine.Params.parameters ?? []) ?? [];
  const at = args.findIndex((arg) => /^--proxy(=|$)/.test(arg));
  const url = args[at]?.includes('=') ? args[at].slice('--proxy='.length) : args[at + 1];
  return at < 0 || !url ? undefined : url;
}

/** All http(s) URLs that a module of the user is given. */
function urlsOf({ Tasks }: RawJob): string[] {
  const texts =
    Tasks?.flatMap(({ Engine, Env }) => [...(Engine.Params.parameters ?? []), ...Object.values(Env ?? {})]) ?? [];
  return [...new Set(texts.flatMap((text) => text.match(/https?:\/\/[^\s"',;}]+/g) ?? []))];
}

/** A publisher that runs and that this program did not submit: it marks its own jobs with their hash. */
export function toPublisherByHand(raw: RawJob): PublisherByHand | undefined {
  const engines = raw.Tasks?.flatMap(({ Engine }) => (Engine.Type === 'wasm' ? Engine : [])) ?? [];
  const proxyUrl = proxyUrlOf(raw);
  const publishes =
    (raw.Labels?.[ROLE_LABEL] ?? 'publisher') === 'publisher' &&
    engines.some(({ Params }) => proxyUrl !== undefined || Params.entryModule?.endsWith('publisher.wasm'));
  if (!publishes || raw.Labels?.[HASH_LABEL] !== undefined) return undefined;
  const region = regionOf(raw);
  return {
    id: raw.ID,
    name: raw.Name,
    ...(region === undefined ? {} : { region }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(raw.Namespace === NAMESPACE ? {} : { namespace: raw.Namespace }),
  };
}

export function toJob(raw: RawJob, executions: RawExecution[]): JobInfo {
  const owner = raw.Labels?.[OWNER_LABEL];
  const proxyUrl = proxyUrlOf(raw);
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(roleOf(raw) === 'module' ? { urls: urlsOf(raw) } : {}),
    id: raw.ID,
    name: raw.Name,
    ref: toJobRef(raw),
    version: raw.Version,
    state: JOB_STATES[raw.State.StateType] ?? 'pending',
    message: raw.State.Message,
    executions: executions.map(toExecution),
  };
}

/** Numbers of Bacalhau's `ExecutionStateType` (pkg/models/execution.go). */
const NEW = 1;
const ASK_REJECTED = 4;
const ACCEPTED = 5;
const RUNNING = 6;
const PUBLISHING = 7;
const BID_REJECTED = 8;
const COMPLETED = 9;
const FAILED = 10;
const CANCELLED = 11;
/** Of a job that should run on, and exited by itself (pkg/orchestrator/scheduler). */
const EXITED = 'execution completed unexpectedly';
/** Of its `ExecutionDesiredStateType`. */
const SHOULD_RUN = 1;

/**
 * A running WASM execution of a daemon job stays New, and one of a service job BidAccepted. So an execution that should
 * run and was not refused counts as running; only readings prove that it does.
 */
export function toExecution(raw: RawExecution): ExecutionInfo {
  const { StateType: state, Message: message } = raw.ComputeState;
  const reason = raw.RunOutput?.ErrorMsg || message || raw.DesiredState.Message;
  const modified = raw.ModifyTime > 0 ? { modified: Math.round(raw.ModifyTime / 1e6) } : {};
  const info = (as: ExecutionInfo['state'], why = '') => ({
    id: raw.ID,
    node: raw.NodeID,
    state: as,
    message: why,
    ...modified,
  });
  const { ExitCode: code = 0, stderr = '', Stdout: stdout = '' } = raw.RunOutput ?? {};
  const words = withoutSensorTokens([stdout.trim(), stderr.trim()].filter((text) => text !== '').join('; '));
  const exited = state === FAILED && reason === EXITED;
  // Bacalhau decides by the type of the job. A module without an exit code of its own has -1.
  if ((state === COMPLETED || exited) && code > 0)
    return info('failed', words ? `exit code ${code}: ${words}` : `exit code ${code}`);
  if (exited) return info('completed', words);
  if (state === COMPLETED) return info('completed', reason);
  if (state === CANCELLED) return info('stopped', reason);
  if ([ASK_REJECTED, BID_REJECTED, FAILED].includes(state)) return info('failed', reason);
  if ([RUNNING, PUBLISHING].includes(state)) return info('running');
  return info(raw.DesiredState.StateType === SHOULD_RUN && [NEW, ACCEPTED].includes(state) ? 'running' : 'starting');
}
