/** The data of compose networks: volumes, which outlive their containers. */
import { join } from 'node:path';
import { parse } from 'dotenv';
import { docker } from '../../docker/docker-cli.js';
import { type AppError, messageOf } from '../../lib/errors/app-error.js';
import { readIfExists } from '../../lib/fs/durable-files.js';
import type { Removal } from '../provider.js';
import { foreignOwner } from './compose-orphans.js';
import { OWNER_LABEL } from './compose-project.js';
import { claimedBy } from './project-claim.js';

interface Volume {
  name: string;
  project: string;
  /** State folder of the `up` that made it; empty when made by hand. */
  owner: string;
}

const PROJECT_LABEL = 'com.docker.compose.project';

/**
 * Removes what queue, proxy and puller keep, and the registry's images. Kept is what somebody else uses, or what others
 * left and the last `up` of this folder went on with, unless `project` names it.
 *
 * @param project of the `up` that was just ended here
 */
export async function removeVolumes(stateDir: string, project?: string): Promise<Removal> {
  const removal: Removal = { removed: [], kept: [] };
  const users = new Map<string, Promise<string | undefined>>();
  const userOf = (name: string) => {
    const user = users.get(name) ?? userOfProject(name, stateDir);
    users.set(name, user);
    return user;
  };
  for (const { name, project: of, owner } of await candidates(stateDir, project)) {
    const user = await userOf(of);
    const maker = owner === '' ? 'somebody by hand' : owner;
    if (user !== undefined) removal.kept.push(`${name}: ${user} uses it`);
    else if (owner !== stateDir && of !== project) removal.kept.push(`${name}: it was made by ${maker}`);
    else {
      await docker(['volume', 'rm', name]).then(
        () => removal.removed.push(name),
        (error) => removal.kept.push(`${name}: ${messageOf(error)}`),
      );
    }
  }
  return removal;
}

/** What this folder made, and what its project has. */
async function candidates(stateDir: string, project: string | undefined): Promise<Volume[]> {
  const last = project ?? lastProject(stateDir);
  const filters = [
    `label=${OWNER_LABEL}=${stateDir}`,
    ...(last === undefined ? [] : [`label=${PROJECT_LABEL}=${last}`]),
  ];
  try {
    const found = (await Promise.all(filters.map(volumesWith))).flat();
    return [...new Map(found.map((volume) => [volume.name, volume])).values()];
  } catch (error) {
    // Where there is no Docker, there are no data of ours in it.
    if ((error as AppError).code === 'DOCKER_NOT_FOUND') return [];
    throw error;
  }
}

async function volumesWith(filter: string): Promise<Volume[]> {
  const format = `{{.Name}}\t{{.Label "${PROJECT_LABEL}"}}\t{{.Label "${OWNER_LABEL}"}}`;
  const lines = (await docker(['volume', 'ls', '--filter', filter, '--format', format])).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [name = '', project = '', owner = ''] = line.split('\t');
    return { name, project, owner };
  });
}

/** Who else runs a network of this name. */
async function userOfProject(project: string, stateDir: string): Promise<string | undefined> {
  const owner = (await foreignOwner(project, stateDir)) ?? (await claimedBy(project, stateDir));
  return owner === '' ? `a network that was started by hand (${project})` : owner;
}

/** The name of the network that the last `up` of this folder started. */
function lastProject(stateDir: string): string | undefined {
  const text = readIfExists(join(stateDir, 'compose', '.env'));
  return text === undefined ? undefined : parse(text).COMPOSE_PROJECT_NAME;
}

/** Says whose data a network of this name goes on with, where they are not its own; compose keeps them by that name. */
export async function foreignData(project: string, stateDir: string): Promise<string | undefined> {
  const owners = (await volumesWith(`label=${PROJECT_LABEL}=${project}`)).map(({ owner }) => owner);
  if (owners.length === 0 || owners.includes(stateDir)) return undefined;
  const whose = owners.find(Boolean) ?? 'a network that was started by hand';
  return `goes on with the data that ${whose} left under the name ${project}; COMPOSE_PROJECT_NAME gives it another`;
}
