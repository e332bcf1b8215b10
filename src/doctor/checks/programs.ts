/** The programs that some networks need: `bacalhau` with its cluster, and Docker. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireCompose, requireEngine } from '../../docker/docker-cli.js';
import { messageOf } from '../../lib/errors/app-error.js';
import { type Finding, forNetwork, ok, problem, runPart, skipped } from '../check.js';

export const bacalhauProgram = forNetwork(
  ({ bacalhau }) => bacalhau,
  ({ find, client }) => withScratch(async (folder) => ok(`${await client(folder).clientVersion()} at ${find()}`)),
);

/** A running `up` has credentials that this command may not have. */
export const cluster = forNetwork(
  ({ bacalhau }) => (bacalhau?.clusterUrl === undefined ? undefined : bacalhau),
  ({ client, clusterUrl }, { up }) =>
    up
      ? skipped('`up` runs and has its cluster')
      : withScratch(async (folder) => ok(`${await client(folder).agentVersion()} answers at ${clusterUrl}`)),
);

/** `use` gets an empty folder for the files of `bacalhau`, which is removed afterwards. */
async function withScratch(use: (folder: string) => Promise<Finding[]>): Promise<Finding[]> {
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'wasm-sensors-doctor-'));
  } catch (error) {
    const why = `there is no place for temporary files: ${messageOf(error)}`;
    return [problem('failure', why, 'Set TMPDIR to a folder that is there and that you may write.')];
  }
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const docker = forNetwork(
  ({ requireOwnProject }) => requireOwnProject,
  async (requireOwnProject, context) => {
    const engine = ok(`engine ${await requireEngine()}`);
    const compose = runPart(async () => ok(`Compose ${await requireCompose()}`), context);
    const project = runPart(async () => {
      await requireOwnProject(context.stateDir);
      return [];
    }, context);
    return [...engine, ...(await compose), ...(await project)];
  },
);
