/** A compose project: one network of containers under one name. */

import { type DockerOptions, docker } from '../../docker/docker-cli.js';
import { usageError } from '../../lib/errors/app-error.js';

export interface Project {
  /** Containers, networks and volumes carry it in their names. */
  name: string;
  /** Holds `compose.yaml` and `.env`. */
  folder: string;
}

/**
 * The network's name, `bacalhau-edge` when nothing else is asked for; `COMPOSE_PROJECT_NAME` is compose's own way to ask.
 * Throws `BAD_SETTING` for what compose does not take.
 */
export function projectName(given: string | undefined): string {
  if (given === undefined) return 'bacalhau-edge';
  if (/^[a-z0-9][a-z0-9_-]*$/.test(given)) return given;
  throw usageError(
    'BAD_SETTING',
    `COMPOSE_PROJECT_NAME: ${JSON.stringify(given)} is no name of a project`,
    'Use small letters, digits, - and _, beginning with a letter or a digit.',
  );
}

/** Tells whose containers they are: the state folder of the `up` that made them. */
export const OWNER_LABEL = 'wasm-sensors.state-dir';

const VARIABLES = /^(BACALHAU_VERSION|BACALHAU_LOG_LEVEL|WASM_SENSORS_IMAGE|BACKBONE|[A-Z]+(_JOB)?_PORT|COMPOSE_.*)$/;

export interface ComposeCall {
  /** Variables that must not be written into a file. */
  secrets: Record<string, string>;
  /** As `docker` takes it: an interrupted `compose up` would leave half a network. */
  apart: NonNullable<DockerOptions['apart']>;
}

/**
 * Runs a compose command for the project. Settled values are in its `.env`, which this process's environment would
 * beat: whatever it has of the file's variables is taken out.
 */
export function compose(project: Project, args: string[], { secrets, apart }: ComposeCall): Promise<string> {
  const names = Object.keys(process.env).filter((name) => VARIABLES.test(name));
  return docker(
    ['compose', '-p', project.name, '-f', `${project.folder}/compose.yaml`, '--progress', 'plain', ...args],
    {
      env: { ...Object.fromEntries(names.map((name) => [name, undefined])), ...secrets },
      apart,
    },
  );
}

export interface Container {
  name: string;
  service: string;
  /** `running`, `exited`, `restarting`, `created`, `dead`, `paused`. */
  state: string;
  /** As `docker ps` says it, such as `Exited (2) 3 seconds ago`. */
  status: string;
  owner: string;
  networks: string[];
}

/** All containers of a project, or of a state folder, also those that ended. */
export async function containersOf(
  filter: { project: string } | { owner: string },
  options: Pick<DockerOptions, 'timeoutMs' | 'signal'> = {},
): Promise<Container[]> {
  const label = 'project' in filter ? `com.docker.compose.project=${filter.project}` : `${OWNER_LABEL}=${filter.owner}`;
  const labels = ['.Label "com.docker.compose.service"', `.Label "${OWNER_LABEL}"`];
  const format = ['.Names', '.State', '.Status', ...labels, '.Networks'];
  const output = await docker(
    [
      ...['ps', '--all', '--no-trunc', '--filter', `label=${label}`],
      ...['--format', format.map((field) => `{{${field}}}`).join('\t')],
    ],
    options,
  );
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', state = '', status = '', service = '', owner = '', networks = ''] = line.split('\t');
      return { name, state, status, service, owner, networks: networks.split(',').filter(Boolean) };
    });
}

/** The last lines that a container wrote; `until`: before that time, as the engine says it. */
export async function lastLinesOf(container: string, count: number, until?: string): Promise<string[]> {
  const { execa } = await import('execa');
  const before = until === undefined ? [] : ['--until', until];
  const { all = '' } = await execa('docker', ['logs', '--tail', String(count), ...before, container], {
    all: true,
    reject: false,
  });
  return all.split('\n').filter((line) => line.trim() !== '');
}
