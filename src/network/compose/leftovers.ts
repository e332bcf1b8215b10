/** What an `up` that was killed left in Docker, and the data that stay in it. */
import { AppError } from '../../core/errors.js';
import { docker } from '../images/docker.js';
import { containersOf, OWNER_LABEL } from './project.js';

/** Removes the containers and networks that an `up` with this state folder made; gives the containers' services. */
export async function removeLeftovers(stateDir: string): Promise<string[]> {
  const containers = await containersOf({ owner: stateDir });
  if (containers.length > 0) await docker(['rm', '--force', ...containers.map(({ name }) => name)]);
  await removeOwn('network', stateDir);
  return containers.map(({ service }) => service);
}

/** Removes the data of an `up` with this state folder: what queue, proxy and puller keep, and the registry's images. */
export async function removeVolumes(stateDir: string): Promise<string[]> {
  return removeOwn('volume', stateDir).catch((error: AppError) => {
    // Where there is no Docker, there are no data of ours in it.
    if (error.code === 'DOCKER_NOT_FOUND') return [];
    throw error;
  });
}

async function removeOwn(kind: 'network' | 'volume', stateDir: string): Promise<string[]> {
  const listed = await docker([kind, 'ls', '--quiet', '--filter', `label=${OWNER_LABEL}=${stateDir}`]);
  const names = listed.split('\n').filter(Boolean);
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

/** Says whose data a network of this name goes on with, where they are not its own; compose keeps them by that name. */
export async function foreignData(project: string, stateDir: string): Promise<string | undefined> {
  const format = `{{.Label "${OWNER_LABEL}"}}`;
  const filter = ['--filter', `label=com.docker.compose.project=${project}`];
  const owners = await docker(['volume', 'ls', ...filter, '--format', format]);
  if (owners === '' || owners.split('\n').includes(stateDir)) return undefined;
  const whose = owners.split('\n').find(Boolean) ?? 'a network that was started by hand';
  return `goes on with the data that ${whose} left under the name ${project}; COMPOSE_PROJECT_NAME gives it another`;
}
