/**
 * The Bacalhau commands that this program needs. Every call is the user's own `bacalhau` (30 to 90 ms each): it knows
 * profiles, TLS and tokens of its version, and what we submit is what `bacalhau job run` would.
 */
import { z } from 'zod';
import { AppError } from '../../lib/errors/app-error.js';
import { parseOutput } from '../../lib/errors/known-failures.js';
import { executionsSchema, jobsSchema, nodesSchema } from './bacalhau-answers.js';
import { apiUrl, type Cli, type CliOptions, createCli } from './bacalhau-cli.js';

/** Of our jobs, as in `templates/jobs/`. */
const NAMESPACE = 'default';

export type BacalhauClient = ReturnType<typeof createBacalhauClient>;

/**
 * Every function rejects with an `AppError` of `bacalhau-failures.ts`, or `BACALHAU_OUTPUT` for output that can't be read.
 *
 * @param options `cli`: another way to run the program than as a process here
 */
export function createBacalhauClient(options: CliOptions & { cli?: Cli }) {
  const cli = options.cli ?? createCli(options);
  const ask = <T>(schema: z.ZodType<T>, ...args: string[]) => askJson(cli, schema, args);
  const all = ['--limit', '0'];

  return {
    /** Of the program here, such as `v1.9.3`. Rejects with `BACALHAU_TOO_OLD` below 1.8. */
    clientVersion: async (): Promise<string> => {
      const { clientVersion } = await ask(z.object({ clientVersion: versionSchema }), 'version', '--client');
      return supported(clientVersion.GitVersion, options.path);
    },
    /** Of the orchestrator. Rejects as `clientVersion`. */
    agentVersion: async (): Promise<string> => {
      const { GitVersion } = await ask(versionSchema, 'agent', 'version');
      return supported(GitVersion, `the orchestrator at ${apiUrl(options.api)}`);
    },
    /** Calls at the same time share one answer: every region's job asks when all are submitted. */
    nodes: together(() => ask(nodesSchema, 'node', 'list', ...all)),
    /** Newest version of the jobs in our namespace; those in others belong to other people. */
    jobs: async () => (await ask(jobsSchema, 'job', 'list', ...all)).filter((job) => job.namespace === NAMESPACE),
    /** Executions of a job's newest version, oldest first. */
    executions: (jobId: string) => ask(executionsSchema, 'job', 'executions', jobId, ...all),
    /** Submits a job file as it is (no templates); resolves with the job's id. It may not run yet. */
    runJob: async (file: string): Promise<string> => {
      // Two submissions of one text happen after `job stop`; the second is refused without --force.
      const flags = ['--wait=false', '--id-only', '--hide-warnings', '--no-template', '--force'];
      const output = await cli(['job', 'run', ...flags, file]);
      return output.trim().split('\n').at(-1)!.trim();
    },
    /** Makes a new version of a job, as it is or as it was, which replaces its executions. */
    rerunJob: async (jobId: string, version?: number): Promise<void> => {
      const of = version === undefined ? [] : ['--version', String(version)];
      await cli(['job', 'rerun', '--wait=false', '--id-only', ...of, jobId]);
    },
    /** Stops a job; false when it had stopped or completed already. */
    stopJob: (jobId: string): Promise<boolean> =>
      cli(['job', 'stop', jobId]).then(
        () => true,
        (error: Error) => {
          if (error.message.includes('already in a terminal state')) return false;
          throw error;
        },
      ),
  };
}

const versionSchema = z.object({ GitVersion: z.string() });

async function askJson<T>(cli: Cli, schema: z.ZodType<T>, args: string[]): Promise<T> {
  const output = await cli([...args, '--output', 'json']);
  // The program may print something first, such as "Initializing repo at".
  const start = output.search(/^[[{]/m);
  const message = `can't read what bacalhau ${args.slice(0, 2).join(' ')} printed`;
  const hint = 'Bacalhau 1.8 and 1.9 are known to work; please report it with `bacalhau version`.';
  return parseOutput(schema, start < 0 ? output : output.slice(start), 'BACALHAU_OUTPUT', message, hint);
}

/**
 * The first one whose orchestrator updates a job of the same name in place, and informs the nodes of a stopped job
 * (bacalhau-project/bacalhau pull request 4997). Builds without a version have 0.0.
 */
const OLDEST = '1.8';

/** @param text such as `v1.9.3`, also with a suffix */
function supported(text: string, whose: string): string {
  const [version = '0'] = /\d+\.\d+/.exec(text) ?? [];
  if (version.localeCompare(OLDEST, 'en', { numeric: true }) >= 0) return text;
  throw new AppError('BACALHAU_TOO_OLD', `${whose} is Bacalhau ${text}; 1.8.0 or newer is needed`, {
    hint: 'Update it (https://docs.bacalhau.org/getting-started/installation), or name another with --bacalhau.',
  });
}

/** Calls at the same time share one answer; the next call after it asks again. */
function together<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () =>
    (answer ??= ask().finally(() => {
      answer = undefined;
    }));
}
