/** What the `up` of a state folder created in Docker, found by its label, also after that `up` was killed. */
import { messageOf } from '../lib/errors/app-error.js';
import { containersOf, OWNER_LABEL, PROJECT_LABEL } from './containers.js';
import { docker } from './docker-cli.js';

/**
 * Stops the containers of a state folder, and keeps them. Each has as much time to exit as its service allows.
 *
 * @param last services that stop after all others
 */
export async function stopOwned(stateDir: string, last: string[]): Promise<void> {
  const containers = await containersOf({ owner: stateDir });
  for (const isLast of [false, true]) {
    const names = containers.filter(({ service }) => last.includes(service) === isLast).map(({ name }) => name);
    if (names.length > 0) await docker(['stop', ...names]);
  }
}

/** Removes the containers and the networks of a state folder; volumes stay. */
export async function removeOwned(stateDir: string) {
  const containers = await containersOf({ owner: stateDir });
  if (containers.length > 0) await docker(['rm', '--force', ...containers.map(({ name }) => name)]);
  const { removed, kept } = await removeEach('network', stateDir);
  return { removed: [...containers.map(({ service }) => service), ...removed], kept };
}

export const removeOwnedVolumes = (stateDir: string) => removeEach('volume', stateDir);

/** State folders whose `up` has made the volumes of a compose project; empty for one that was made by hand. */
export async function volumeOwners(project: string): Promise<string[]> {
  const filter = ['--filter', `label=${PROJECT_LABEL}=${project}`];
  const lines = await docker(['volume', 'ls', ...filter, '--format', `{{.Name}} {{.Label "${OWNER_LABEL}"}}`]);
  return lines.split('\n').flatMap((line) => / (.*)$/.exec(line)?.[1] ?? []);
}

/** Names of what was removed, and what could not be, each with what holds it. */
async function removeEach(kind: 'network' | 'volume', stateDir: string) {
  const filter = ['--filter', `label=${OWNER_LABEL}=${stateDir}`];
  const names = await docker([kind, 'ls', ...filter, '--format', '{{.Name}}']);
  const removal: Record<'removed' | 'kept', string[]> = { removed: [], kept: [] };
  for (const name of names.split('\n').filter(Boolean)) {
    await docker([kind, 'rm', name]).then(
      () => removal.removed.push(name),
      (error) => removal.kept.push(`the ${kind} ${name}: ${messageOf(error)}`),
    );
  }
  return removal;
}
