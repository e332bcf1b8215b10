/** The `bacalhau` program, and the API of a cluster that exists already. */
import { notNeeded, ok, type Part } from '../check.js';

export const bacalhauProgram: Part = async (context) => {
  const program = context.needs?.bacalhau;
  if (!program) return notNeeded(context);
  return ok(`${await program.client(context.scratch).clientVersion()} at ${program.find()}`);
};

export const cluster: Part = async (context) => {
  const { client, clusterUrl } = context.needs?.bacalhau ?? {};
  // A running `up` has credentials that this command may not have.
  if (!client || clusterUrl === undefined || context.up) return notNeeded(context);
  return ok(`${await client(context.scratch).agentVersion()} answers at ${clusterUrl}`);
};
