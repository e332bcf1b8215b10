import { requireEngine } from '../../docker/docker-cli.js';
import { type Check, findingOf, notNeeded, ok, skipped } from '../check.js';

export const dockerEngine: Check = {
  name: 'Docker',
  async run(context) {
    const docker = context.needs?.docker;
    if (!docker) return notNeeded(context);
    try {
      return ok(`engine ${await requireEngine()}`);
    } catch (error) {
      const found = findingOf(error);
      if (docker.onlyFor !== undefined) return skipped(`${found.why}; it is needed only ${docker.onlyFor}`);
      const host = process.env.DOCKER_HOST;
      if (host === undefined || host === '' || found.code === 'DOCKER_NOT_FOUND') return [found];
      return [
        {
          ...found,
          why: `${found.why} at ${host}`,
          fix: `DOCKER_HOST names ${host}: start that engine, or \`unset DOCKER_HOST\` for the usual one.`,
        },
      ];
    }
  },
};
