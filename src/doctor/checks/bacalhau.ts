/** The `bacalhau` program, and the API of a cluster that exists already. */
import { notNeeded, ok, type Part } from '../check.js';

export const bacalhauProgram: Part = async (context) => {
  const program = context.needs?.bacalhau;
  if (!program) return notNeeded(context);
  return ok(`${await program.programVersion(context.scratch)} at ${program.find()}`);
};

export const cluster: Part = async (context) => {
  const found = context.needs?.bacalhau?.cluster;
  // A running `up` has credentials that this command may not have.
  if (!found || context.up) return notNeeded(context);
  return ok(`${await found.version(context.scratch)} answers at ${found.url}`);
};
