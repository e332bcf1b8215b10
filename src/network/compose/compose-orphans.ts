/** What the `up` of a state folder made in Docker, told by its label, and how it goes whoever left it there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { docker } from '../../docker/docker-cli.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { Removal } from '../provider.js';
import { containersOf, OWNER_LABEL } from './compose-project.js';
import { releaseProject } from './project-claim.js';

/** An engine that takes longer to say anything is none to wait for. */
const ANSWER_MS = 10_000;
/** Of the queue: it goes last, for the others hand over to it what they hold. */
const QUEUE = 'queue';
/** Longer than proxy and puller take to end, in seconds. */
const STOP_SECONDS = '25';

/** Removes the containers and networks that an `up` with this state folder made, and releases the project's name. */
export async function removeOrphans(stateDir: string): Promise<Removal> {
  const containers = await containersOf({ owner: stateDir });
  if (containers.length > 0) await docker(['rm', '--force', ...containers.map(({ name }) => name)]);
  const { removed, kept } = await removeNetworks(stateDir);
  await releaseProject(stateDir);
  return { removed: [...containers.map(({ service }) => service), ...removed], kept };
}

/**
 * As {@link removeOrphans}, for a folder of which it is not known whether Docker has anything of it: without an engine
 * there is nothing to remove, which is told (`kept`) only where a compose network has been.
 */
export async function removeUnknownOrphans(stateDir: string): Promise<Removal> {
  try {
    await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: ANSWER_MS });
  } catch (error) {
    const kept = `whatever Docker has of this folder: ${messageOf(error)}`;
    return { removed: [], kept: existsSync(join(stateDir, 'compose')) ? [kept] : [] };
  }
  return removeOrphans(stateDir);
}

/** Ends the running containers of a state folder in order; they stay. */
export async function stopContainers(stateDir: string): Promise<void> {
  const containers = await containersOf({ owner: stateDir });
  for (const last of [false, true]) {
    const names = containers.filter(({ service }) => (service === QUEUE) === last).map(({ name }) => name);
    if (names.length > 0) await docker(['stop', '--time', STOP_SECONDS, ...names]);
  }
}

async function removeNetworks(stateDir: string): Promise<Removal> {
  const filter = ['--filter', `label=${OWNER_LABEL}=${stateDir}`];
  const listed = await docker(['network', 'ls', ...filter, '--format', '{{.Name}}']);
  const removal: Removal = { removed: [], kept: [] };
  for (const name of listed.split('\n').filter(Boolean)) {
    try {
      await docker(['network', 'rm', name]);
      removal.removed.push(name);
    } catch (error) {
      removal.kept.push(`the network ${name}: ${(await holdersOf(name)) ?? messageOf(error)}`);
    }
  }
  return removal;
}

/** What keeps a network from being removed; undefined when it isn't containers. */
async function holdersOf(network: string): Promise<string | undefined> {
  const format = '{{range .Containers}}{{.Name}} {{end}}';
  const names = await docker(['network', 'inspect', '--format', format, network]).catch(() => '');
  const containers = names.split(' ').filter(Boolean);
  if (containers.length === 0) return undefined;
  return `${containers.join(', ')} ${containers.length === 1 ? 'is' : 'are'} still in it`;
}

/** Rejects with `PROJECT_IN_USE` when containers of this name are somebody else's. */
export async function refuseForeign(project: string, stateDir: string): Promise<void> {
  const foreign = await foreignOwner(project, stateDir);
  if (foreign === undefined) return;
  const whose = foreign === '' ? 'was started by hand' : `belongs to ${foreign}`;
  throw new AppError('PROJECT_IN_USE', 'user', `there is a Docker network ${project} already; it ${whose}`, {
    hint: `End it (\`wasm-sensors down\` in its folder, or \`docker compose -p ${project} down\`), or choose another name with COMPOSE_PROJECT_NAME.`,
  });
}

/** The state folder of containers of this name that are somebody else's: empty when started by hand, undefined when there are none. */
export async function foreignOwner(project: string, stateDir: string): Promise<string | undefined> {
  return (await containersOf({ project })).find(({ owner }) => owner !== stateDir)?.owner;
}
