import { requireCompose } from '../../docker/docker-cli.js';
import { dockerMissing } from '../../docker/docker-failures.js';
import type { AppError } from '../../lib/errors/app-error.js';
import { type Check, notNeeded, ok, skipped } from '../check.js';

export const dockerCompose: Check = {
  name: 'Compose',
  async run(context) {
    if (!context.needs?.docker?.compose) return notNeeded(context);
    try {
      return ok(`version ${await requireCompose()}`);
    } catch (error) {
      if ((error as AppError).code === dockerMissing().code) return skipped('Docker does not answer');
      throw error;
    }
  },
};
