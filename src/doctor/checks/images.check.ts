import { engineAnswers } from '../../docker/docker-cli.js';
import { findInRegistry, hasImage } from '../../docker/images.js';
import { AppError } from '../../lib/errors/app-error.js';
import { type Check, type Finding, findingOf, notNeeded, ok, problem, skipped } from '../check.js';

/** Images that are not here must be in a registry that answers, and to which this user may speak. */
export const images: Check = {
  name: 'images',
  async run(context) {
    const docker = context.needs?.docker;
    if (!docker || docker.pulls.length + docker.builds.length === 0) return notNeeded(context);
    if (!(await engineAnswers())) return skipped('Docker does not answer');
    const missing = (names: string[]) =>
      Promise.all(names.map(async (name) => ((await hasImage(name)) ? [] : [name]))).then((found) => found.flat());
    const [toPull, toBuild] = await Promise.all([missing(docker.pulls), missing(docker.builds)]);
    const found: Finding[] = [
      ...(await Promise.all(toPull.map(findPullProblem))),
      ...toBuild.map((image) =>
        problem(
          'warning',
          `${image} is not built`,
          'The next `up` builds it; `wasm-sensors images build` does so now.',
        ),
      ),
    ];
    return found.length > 0 ? found : ok('all are on this machine');
  },
};

async function findPullProblem(image: string): Promise<Finding> {
  try {
    await findInRegistry(image);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { why, fix, ...found } = findingOf(error);
    return {
      ...found,
      why: `${image} is not on this machine, and its registry does not give it: ${why}`,
      fix: fix ?? `Check the name of the image, then \`docker pull ${image}\`.`,
    };
  }
  return problem(
    'warning',
    `${image} is not on this machine`,
    `The next \`up\` pulls it; \`docker pull ${image}\` does so now.`,
  );
}
