/** Docker: the engine, Compose, whose project it is, and the images. */
import { requireCompose, requireEngine } from '../../docker/docker-cli.js';
import { findInRegistry, hasImage } from '../../docker/images.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { DockerNeeds } from '../../network/provider.js';
import { type Finding, findingOf, notNeeded, ok, type Part, problem, runPart, skipped } from '../check.js';

export const docker: Part = async (context) => {
  const needs = context.needs?.docker;
  if (!needs) return notNeeded(context);
  let engine: string;
  try {
    engine = await requireEngine();
  } catch (error) {
    const found = findingOf(error);
    return needs.onlyFor === undefined
      ? [atDockerHost(found)]
      : skipped(`${found.why}; it is needed only ${needs.onlyFor}`);
  }
  const others: Part[] = [
    async () => (needs.compose ? ok(`Compose ${await requireCompose()}`) : []),
    async () => {
      await needs.requireOwnProject?.(context.stateDir);
      return [];
    },
    () => findMissingImages(needs),
  ];
  const found = await Promise.all(others.map((part) => runPart(part, context)));
  return [...ok(`engine ${engine}`), ...found.flat()];
};

function atDockerHost(found: Finding): Finding {
  const host = process.env.DOCKER_HOST;
  if (!host || found.code === 'DOCKER_NOT_FOUND') return found;
  return {
    ...found,
    why: `${found.why} at ${host}`,
    fix: `DOCKER_HOST names ${host}: start that engine, or \`unset DOCKER_HOST\` for the usual one.`,
  };
}

/** Images that are not here must be in a registry that answers, and to which this user may speak. */
async function findMissingImages({ pulls, builds }: DockerNeeds): Promise<Finding[]> {
  const unless = (image: string, find: () => Promise<Finding> | Finding) =>
    hasImage(image).then(async (isHere) => (isHere ? [] : [await find()]));
  const found = await Promise.all([
    ...pulls.map((image) => unless(image, () => findPullProblem(image))),
    ...builds.map((image) =>
      unless(image, () =>
        problem(
          'warning',
          `${image} is not built`,
          'The next `up` builds it; `wasm-sensors images build` does so now.',
        ),
      ),
    ),
  ]);
  return found.flat();
}

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
  const fix = `The next \`up\` pulls it; \`docker pull ${image}\` does so now.`;
  return problem('warning', `${image} is not on this machine`, fix);
}
