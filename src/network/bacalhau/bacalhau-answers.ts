/**
 * The parts of Bacalhau's JSON that we read, in our words; the CLI's `--output json` and the REST API give the same
 * objects. Unknown fields are dropped: each execution carries its whole job, and that the module's bytes.
 */
import { z } from 'zod';
import { type JobRef, MODULE_LABEL, REGION_LABEL, ROLE_LABEL } from '../../jobs/job-request.js';
import { HASH_LABEL, OWNER_LABEL } from '../../jobs/render-job.js';
import { withoutSensorTokens } from '../../protocol/sensor-token.js';
import type { ExecutionInfo, JobInfo } from '../network.js';

const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((found) => found ?? {});

/** Regions are parts of job names, file names and flags; on a remote cluster somebody else chose them. */
const PLAIN = /^[A-Za-z0-9][\w.-]{0,62}$/;
const notPlain = (region: string) =>
  `its label region=${JSON.stringify(region.slice(0, 63))} is more than letters, digits, "-", "_" and "."`;

/** Undefined for the orchestrator, which is listed too. */
const nodeSchema = z
  .object({
    Info: z.object({
      NodeID: z.string(),
      NodeType: z.string(),
      Labels: strings,
      ComputeNodeInfo: z.object({ ExecutionEngines: z.array(z.string()).nullish() }).nullish(),
    }),
    /** Times are RFC 3339. */
    ConnectionState: z.object({
      Status: z.string(),
      LastHeartbeat: z.string().default(''),
      ConnectedSince: z.string().default(''),
    }),
  })
  .transform(({ Info, ConnectionState }) => {
    if (Info.NodeType !== 'Compute') return undefined;
    const { region = '', type = '' } = Info.Labels;
    const isPlain = PLAIN.test(region);
    // A node that reports nothing about itself may have the engine.
    const hasEngine = !Info.ComputeNodeInfo || Info.ComputeNodeInfo.ExecutionEngines?.includes('wasm');
    return {
      name: Info.NodeID,
      region: isPlain ? region : '',
      type,
      connected: ConnectionState.Status === 'CONNECTED',
      unschedulable: region && !isPlain ? notPlain(region) : hasEngine ? undefined : 'it has no WASM engine',
      // Unix milliseconds; NaN where they are not known.
      heartbeatAt: Date.parse(ConnectionState.LastHeartbeat),
      /** Changes with every new handshake. */
      connectedSince: Date.parse(ConnectionState.ConnectedSince),
    };
  });

export const nodesSchema = z.array(nodeSchema).transform((nodes) => nodes.filter((node) => node !== undefined));
export type BacalhauNode = z.output<typeof nodesSchema>[number];

const JOB_STATES: Record<string, JobInfo['state']> = {
  Pending: 'pending',
  Queued: 'pending',
  Running: 'running',
  Completed: 'completed',
  Failed: 'failed',
  Stopped: 'stopped',
};

const ROLES: JobRef['role'][] = ['publisher', 'config-updater', 'module', 'proxy', 'puller', 'relay'];

/** Of these only what says who sends where; others' jobs have anything here. */
const tasksSchema = z.array(
  z.object({
    Env: strings.catch({}),
    Engine: z.object({
      Type: z.string(),
      Params: z.object({
        entryModule: z.string().nullish().catch(null),
        parameters: z.array(z.string()).nullish().catch(null),
      }),
    }),
  }),
);

const jobSchema = z
  .object({
    ID: z.string(),
    Name: z.string(),
    Namespace: z.string(),
    Type: z.string(),
    Labels: strings,
    Constraints: z
      .array(z.object({ Key: z.string(), Operator: z.string(), Values: z.array(z.string()).nullish() }))
      .nullish(),
    Tasks: tasksSchema.nullish().catch(null),
    State: z.object({ StateType: z.string(), Message: z.string().default('') }),
    Version: z.number().default(1),
  })
  .transform(({ Labels, Constraints, Tasks, ...job }) => {
    // The label alone says it: whoever submits by hand may choose any name.
    const role = ROLES.find((one) => one === Labels[ROLE_LABEL]);
    // One that was submitted by hand from our template has no label for its region: its constraint shows the same.
    const constraint = Constraints?.find(({ Key, Operator }) => Key === REGION_LABEL && Operator === '=');
    const region = Labels[REGION_LABEL] ?? constraint?.Values?.[0];
    const tasks = Tasks ?? [];
    const args = tasks.flatMap(({ Engine }) => Engine.Params.parameters ?? []);
    const proxyUrl = valueIn(args, role === 'relay' ? '--proxy-url' : '--proxy');
    return {
      id: job.ID,
      name: job.Name,
      namespace: job.Namespace,
      type: job.Type,
      // Undefined for a job that is not of this program. One of a role that this version does not know is not: it is
      // neither listed nor stopped.
      ref: role !== undefined && Labels.app === 'wasm-sensors' ? refOf(role, region, Labels, job.Type) : undefined,
      region,
      version: job.Version,
      state: JOB_STATES[job.State.StateType] ?? 'pending',
      message: job.State.Message,
      owner: Labels[OWNER_LABEL],
      // Undefined where it was submitted by hand.
      hash: Labels[HASH_LABEL],
      proxyUrl,
      variables: tasks.flatMap(({ Env }) => Object.keys(Env)),
    };
  });

/** The newest version of each job, also of those that are not ours. */
export const jobsSchema = z.array(jobSchema);
export type BacalhauJob = z.output<typeof jobSchema>;

function refOf(role: JobRef['role'], region: string | undefined, labels: Record<string, string>, type: string): JobRef {
  const name = role === 'module' ? labels[MODULE_LABEL] : undefined;
  const once = ['publisher', 'module'].includes(role) && type === 'ops';
  return {
    role,
    ...(region === undefined ? {} : { region }),
    ...(name === undefined ? {} : { name }),
    ...(once ? { runOnce: true } : {}),
  };
}

/** Where the sensors of a publisher or of a relay send to, from the arguments of its module. */
function valueIn(args: string[], flag: string): string | undefined {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const url = args[at]?.includes('=') ? args[at].slice(flag.length + 1) : args[at + 1];
  return at < 0 || !url ? undefined : url;
}

/** By Bacalhau's `ExecutionStateType` (pkg/models/execution.go); all others are on their way. */
const EXECUTION_STATES: Record<number, ExecutionInfo['state'] | 'accepted'> = {
  1: 'accepted',
  4: 'failed',
  5: 'accepted',
  6: 'running',
  7: 'running',
  8: 'failed',
  9: 'completed',
  10: 'failed',
  11: 'stopped',
};
/** Of its `ExecutionDesiredStateType`. */
const SHOULD_RUN = 1;
/** Of a job that should run on, and exited by itself (pkg/orchestrator/scheduler). */
const EXITED = 'execution completed unexpectedly';

/** States are integers in JSON. */
const numberedState = z.object({ StateType: z.number(), Message: z.string().default('') });

/**
 * A running WASM execution of a daemon job stays New, and one of a service job BidAccepted. So an execution that should
 * run and was not refused counts as running; only readings prove that it does.
 */
const executionSchema = z
  .object({
    ID: z.string(),
    NodeID: z.string(),
    DesiredState: numberedState,
    ComputeState: numberedState,
    /** Nanoseconds; 0: not known. */
    ModifyTime: z.number().default(0),
    RunOutput: z
      .object({
        /** Only what was written first. */
        Stdout: z.string().default(''),
        stderr: z.string().default(''),
        ErrorMsg: z.string().default(''),
        ExitCode: z.number().default(0),
      })
      .nullish(),
    /** Nanoseconds. */
    CreateTime: z.number(),
  })
  .transform(({ DesiredState, ComputeState, RunOutput, ...execution }) => {
    const { ErrorMsg = '', ExitCode: code = 0, stderr = '', Stdout: stdout = '' } = RunOutput ?? {};
    const reason = ErrorMsg || ComputeState.Message || DesiredState.Message;
    const output = withoutSensorTokens([stdout.trim(), stderr.trim()].filter((text) => text !== '').join('; '));
    const found = EXECUTION_STATES[ComputeState.StateType];
    const exited = found === 'failed' && reason === EXITED;
    const outcome = (): Pick<ExecutionInfo, 'state' | 'message'> => {
      // Bacalhau decides by the type of the job. A module without an exit code of its own has -1.
      if ((found === 'completed' || exited) && code > 0)
        return { state: 'failed', message: output ? `exit code ${code}: ${output}` : `exit code ${code}` };
      if (exited) return { state: 'completed', message: output };
      if (found === 'accepted' && DesiredState.StateType === SHOULD_RUN) return { state: 'running', message: '' };
      if (found === undefined || found === 'accepted') return { state: 'starting', message: '' };
      return { state: found, message: found === 'running' ? '' : reason };
    };
    return {
      id: execution.ID,
      node: execution.NodeID,
      ...outcome(),
      modified: execution.ModifyTime > 0 ? Math.round(execution.ModifyTime / 1e6) : undefined,
      createdAt: execution.CreateTime,
    };
  });

/** Oldest first. */
export const executionsSchema = z
  .array(executionSchema)
  .transform((found) => found.sort((a, b) => a.createdAt - b.createdAt).map(({ createdAt, ...one }) => one));
