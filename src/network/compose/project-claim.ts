/**
 * Who has a project's name. Containers come late, when images are built and pulled; so the engine itself keeps, from the
 * beginning, a volume without data for each name: of several that make it at the same time, one gives it its labels.
 */
import { hostname } from 'node:os';
import { docker } from '../../docker/docker-cli.js';
import { AppError } from '../../lib/errors/app-error.js';
import { identify, isAlive } from '../../lib/process/process-id.js';

/** State folder of the `up` that has the name. */
const OWNER_LABEL = 'wasm-sensors.claim';
/** Machine, pid and start of that `up`. */
const HOLDER_LABEL = 'wasm-sensors.claim-holder';

/** Each one is due to a claim that just went. */
const TRIES = 5;

const volumeOf = (project: string) => `${project}_claim`;
const holderHere = () => `${hostname()} ${process.pid} ${identify('up', process.pid)?.started}`;

/**
 * Takes the name for this process, or makes sure that it still has it. A claim whose `up` was killed counts for nothing.
 * Rejects with `PROJECT_IN_USE`.
 */
export async function claimProject(project: string, stateDir: string): Promise<void> {
  const volume = volumeOf(project);
  const holder = holderHere();
  for (let tries = 1; tries <= TRIES; tries++) {
    await docker([
      ...['volume', 'create', '--label', `${OWNER_LABEL}=${stateDir}`],
      ...['--label', `${HOLDER_LABEL}=${holder}`, volume],
    ]);
    const claim = await readClaim(volume);
    if (claim?.owner === stateDir && claim.holder === holder) return;
    if (claim && claim.owner !== stateDir && mayRun(claim.holder)) throw inUse(project, claim);
    await docker(['volume', 'rm', '--force', volume]);
  }
  throw new AppError('PROJECT_IN_USE', 'user', `others take the name ${project} again and again`, {
    hint: 'Choose another one with COMPOSE_PROJECT_NAME.',
  });
}

/** The state folder of another `up` that has the name now; undefined when there is none. */
export async function claimedBy(project: string, stateDir: string): Promise<string | undefined> {
  const claim = await readClaim(volumeOf(project));
  return claim && claim.owner !== stateDir && mayRun(claim.holder) ? claim.owner : undefined;
}

/** Gives free what an `up` with this state folder had claimed. */
export async function releaseProject(stateDir: string): Promise<void> {
  const listed = await docker(['volume', 'ls', '--quiet', '--filter', `label=${OWNER_LABEL}=${stateDir}`]);
  const volumes = listed.split('\n').filter(Boolean);
  if (volumes.length > 0) await docker(['volume', 'rm', '--force', ...volumes]);
}

interface Claim {
  owner: string;
  holder: string;
}

/** Undefined when there is none, which may be so since a moment ago. */
async function readClaim(volume: string): Promise<Claim | undefined> {
  const format = `{{index .Labels "${OWNER_LABEL}"}}\t{{index .Labels "${HOLDER_LABEL}"}}`;
  const found = await docker(['volume', 'inspect', '--format', format, volume]).catch((error: AppError) => {
    if (/no such volume/i.test(error.message)) return undefined;
    throw error;
  });
  const [owner = '', holder = ''] = found?.split('\t') ?? [];
  return found === undefined ? undefined : { owner, holder };
}

/** Of another machine's `up` nobody here can tell. */
function mayRun(holder: string): boolean {
  const [machine, pid, ...started] = holder.split(' ');
  return machine !== hostname() || isAlive({ name: 'up', pid: Number(pid), started: started.join(' ') });
}

function inUse(project: string, { owner, holder }: Claim): AppError {
  const machine = holder.split(' ')[0];
  const remains = machine === hostname() ? '' : ` If it no longer runs: \`docker volume rm ${volumeOf(project)}\`.`;
  return new AppError(
    'PROJECT_IN_USE',
    'user',
    `there is a Docker network ${project} already; it belongs to ${owner}`,
    {
      hint: `End it with \`wasm-sensors down\` in its folder, or choose another name with COMPOSE_PROJECT_NAME.${remains}`,
    },
  );
}
