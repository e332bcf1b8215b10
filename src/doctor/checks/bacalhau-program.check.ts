import { type Check, notNeeded, ok } from '../check.js';

export const bacalhauProgram: Check = {
  name: 'bacalhau',
  async run(context) {
    const program = context.needs?.bacalhau;
    if (!program) return notNeeded(context);
    const { find, programVersion } = program;
    return ok(`${await programVersion(context.scratch)} at ${find()}`);
  },
};
