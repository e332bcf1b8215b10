/**
 * The parts of Bacalhau's JSON that we read; the CLI's `--output json` and the REST API give the same objects.
 * Unknown fields are dropped: each execution carries its whole job, and that the module's bytes.
 */
import { z } from 'zod';

const state = z.object({ StateType: z.string(), Message: z.string().default('') });
/** Execution states are integers in JSON. */
const numberedState = z.object({ StateType: z.number(), Message: z.string().default('') });

export const nodeSchema = z.object({
  Info: z.object({
    NodeID: z.string(),
    NodeType: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
    ComputeNodeInfo: z.object({ ExecutionEngines: z.array(z.string()).nullish() }).nullish(),
  }),
  ConnectionState: z.object({
    Status: z.string(),
    /** RFC 3339. */
    LastHeartbeat: z.string().default(''),
    /** RFC 3339; changes with every new handshake. */
    ConnectedSince: z.string().default(''),
  }),
});

export const jobSchema = z.object({
  ID: z.string(),
  Name: z.string(),
  Namespace: z.string(),
  Type: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
  Constraints: z
    .array(z.object({ Key: z.string(), Operator: z.string(), Values: z.array(z.string()).nullish() }))
    .nullish(),
  /** Of these only what says who sends where; others' jobs have anything here. */
  Tasks: z
    .array(
      z.object({
        Env: z.record(z.string(), z.string()).nullish().catch(null),
        Engine: z.object({
          Type: z.string(),
          Params: z.object({
            entryModule: z.string().nullish().catch(null),
            parameters: z.array(z.string()).nullish().catch(null),
          }),
        }),
      }),
    )
    .nullish()
    .catch(null),
  State: state,
  Version: z.number().default(1),
  /** Nanoseconds. */
  CreateTime: z.number(),
});

export const executionSchema = z.object({
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
});

export const versionSchema = z.object({ GitVersion: z.string() });
export const clientVersionSchema = z.object({ clientVersion: versionSchema });

export type RawNode = z.output<typeof nodeSchema>;
export type RawJob = z.output<typeof jobSchema>;
export type RawExecution = z.output<typeof executionSchema>;
