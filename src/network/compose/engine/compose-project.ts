/** A compose project: one network of containers under one name. */
import { closeSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { containerLogs, containersOf } from '../../../docker/containers.js';
import { type DockerOptions, docker } from '../../../docker/docker-cli.js';
import { volumeOwners } from '../../../docker/owned-objects.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { openLog } from '../../../lib/process/log-file.js';
import { isReadingLine } from '../../../protocol/message.js';

export interface Project {
  name: string;
  /** Holds `compose.yaml` and `.env`. */
  folder: string;
}

/**
 * `bacalhau-edge`, or the value of `COMPOSE_PROJECT_NAME`, Compose's own variable. Throws `BAD_SETTING` for a name that
 * Compose does not accept.
 */
export function projectName(given: string | undefined): string {
  if (given === undefined) return 'bacalhau-edge';
  if (/^[a-z0-9][a-z0-9_-]*$/.test(given)) return given;
  throw new AppError('BAD_SETTING', `COMPOSE_PROJECT_NAME: ${JSON.stringify(given)} is not a project name`, {
    hint: 'Use lowercase letters, digits, - and _, and begin with a letter or a digit.',
  });
}

const VARIABLES = /^(BACALHAU_VERSION|BACALHAU_LOG_LEVEL|WASM_SENSORS_IMAGE|BACKBONE|[A-Z]+(_JOB)?_PORT|COMPOSE_.*)$/;

export interface ComposeCall {
  /** Variables that must not be written into a file. */
  secrets: Record<string, string>;
  /** See {@link DockerOptions}: an interrupted `compose up` would leave half a network. */
  apart: NonNullable<DockerOptions['apart']>;
}

/**
 * Runs a compose command for the project. Its variables are in its `.env`; Compose would prefer those of this process's
 * environment, so they are removed from it.
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

/** Rejects with `PROJECT_IN_USE` when containers or data of the project belong to another state folder, or were made by hand. */
export async function requireOwnProject(project: string, stateDir: string): Promise<void> {
  const foreign = (await containersOf({ project })).find(({ owner }) => owner !== stateDir);
  if (foreign) {
    const whose = foreign.owner === '' ? 'was started by hand' : `belongs to ${foreign.owner}`;
    throw new AppError('PROJECT_IN_USE', `the Docker network ${project} exists and ${whose}`, {
      hint: `Stop it (\`wasm-sensors down\` in its folder, or \`docker compose -p ${project} down\`), or set COMPOSE_PROJECT_NAME to another name.`,
    });
  }
  const owner = (await volumeOwners(project)).find((one) => one !== stateDir);
  if (owner === undefined) return;
  const [whose, removal] =
    owner === ''
      ? ['was made by hand', `docker compose -p ${project} down --volumes`]
      : [`is that of ${owner}`, `wasm-sensors down --volumes --state-dir ${owner}`];
  throw new AppError('PROJECT_IN_USE', `the data of the Docker network ${project} ${whose}`, {
    hint: `Set COMPOSE_PROJECT_NAME to another name, to have data of its own here. Or remove those: \`${removal}\`.`,
  });
}

const LOG_LINES = 1000;

/** Beside the logs of `up`. */
export const logFolderOf = ({ folder }: Project): string => join(dirname(folder), 'logs');

/**
 * Appends the newest lines of each container to a file of its service, each line with its time; removed containers have
 * none. Readings, which the puller prints, are left out: else its log would hold nothing but readings.
 */
export async function keepLogs(project: Project): Promise<void> {
  const lines = new Map<string, string[]>();
  for await (const { service, time, line } of containerLogs(project.name, {})) {
    if (isReadingLine(line)) continue;
    const own = lines.get(service) ?? [];
    lines.set(service, own);
    own.push(`${new Date(time).toISOString()} ${line}\n`);
    if (own.length === 2 * LOG_LINES) own.splice(0, LOG_LINES);
  }
  mkdirSync(logFolderOf(project), { recursive: true });
  for (const [service, own] of lines) {
    const { fd } = openLog(join(logFolderOf(project), `${service}.log`));
    writeFileSync(fd, own.slice(-LOG_LINES).join(''));
    closeSync(fd);
  }
}
