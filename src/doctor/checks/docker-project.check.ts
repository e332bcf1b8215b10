import { engineAnswers } from '../../docker/docker-cli.js';
import { type Check, notNeeded, ok, skipped } from '../check.js';

/** Containers of the same Compose project may be of another folder. */
export const dockerProject: Check = {
  name: 'Compose project',
  async run(context) {
    const requireOwn = context.needs?.docker?.requireOwnProject;
    if (!requireOwn) return notNeeded(context);
    if (!(await engineAnswers())) return skipped('Docker does not answer');
    await requireOwn(context.stateDir);
    return ok('no other folder has it');
  },
};
