/** What an `up` that was killed left in Docker. */
import { AppError } from '../../core/errors.js';
import { docker } from '../images/docker.js';
import { containersOf, projectName } from './project.js';

/** Removes the containers that an `up` with this state folder made, and their networks; gives their services. */
export async function removeLeftovers(stateDir: string): Promise<string[]> {
  const containers = await containersOf({ owner: stateDir });
  if (containers.length === 0) return [];
  const names = containers.map(({ name }) => name);
  const label = '{{index .Config.Labels "com.docker.compose.project"}}';
  const projects = new Set((await docker(['inspect', '--format', label, ...names])).split('\n'));
  await docker(['rm', '--force', ...names]);
  for (const project of projects) await removeAll('network', project);
  return containers.map(({ service }) => service);
}

/** Removes the data of the project: what the queue, the proxy and the puller keep, and the registry's images. */
export async function removeVolumes(): Promise<string[]> {
  return removeAll('volume', projectName());
}

async function removeAll(kind: 'network' | 'volume', project: string): Promise<string[]> {
  const filter = ['--filter', `label=com.docker.compose.project=${project}`];
  const names = (await docker([kind, 'ls', '--quiet', ...filter])).split('\n').filter(Boolean);
  if (names.length > 0) await docker([kind, 'rm', ...names]);
  return names;
}

/** Rejects with `PROJECT_IN_USE` when containers of this name are somebody else's. */
export async function refuseForeign(project: string, stateDir: string): Promise<void> {
  const foreign = (await containersOf({ project })).find(({ owner }) => owner !== stateDir);
  if (!foreign) return;
  const whose = foreign.owner === '' ? 'was started by hand' : `belongs to ${foreign.owner}`;
  throw new AppError('PROJECT_IN_USE', 'user', `there is a Docker network ${project} already; it ${whose}`, {
    hint: `End it (\`wasm-sensors down\` in its folder, or \`docker compose -p ${project} down\`), or choose another name with COMPOSE_PROJECT_NAME.`,
  });
}
