/** Containers of the compose network. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crashContainer, docker, killOnHost } from '../../support/compose-support.js';
import { deletedFilesOf } from './deleted-files.js';
import { DATABASES, HEALED_MS, KEEPERS, type Keeper, type Machine, type OpenFile, type Running } from './machine.js';

/** Containers whose name says more, or less, than that of the program. */
const SUFFIXES = new Map([
  ['queue-1', 'queue'],
  ['sqs-proxy-1', 'proxy'],
  ['sqs-puller-1', 'puller'],
]);
/** A shell for people. */
const CLIENT = 'client-1';
/** Files of a service in its container. */
const DATA = '/data';

export class Containers implements Machine {
  readonly names: string[];
  readonly keepers = KEEPERS;
  /** Container by name of the program. */
  readonly #containers: Map<string, string>;
  /** For copies of the store. */
  readonly #folder: string;

  private constructor(containers: Map<string, string>, folder: string) {
    this.names = [...containers.keys()].sort();
    this.#containers = containers;
    this.#folder = folder;
  }

  /** @param folder an empty one, for copies of the store */
  static async of(project: string, folder: string): Promise<Containers> {
    const filter = `label=com.docker.compose.project=${project}`;
    const all = (await docker('ps', '--filter', filter, '--format', '{{.Names}}')).split('\n');
    const suffixOf = (container: string) => container.slice(project.length + 1);
    const programs = all.filter((container) => suffixOf(container) !== CLIENT);
    return new Containers(
      new Map(programs.map((container) => [SUFFIXES.get(suffixOf(container)) ?? suffixOf(container), container])),
      folder,
    );
  }

  async kill(name: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const container = this.#containers.get(name)!;
    if (signal === 'SIGTERM') await docker('restart', container);
    else await crashContainer(container, HEALED_MS);
  }

  async crash(names: string[]): Promise<void> {
    await killOnHost(names.map((name) => this.#containers.get(name)!));
  }

  async freeze(name: string, seconds: number): Promise<void> {
    const container = this.#containers.get(name)!;
    await docker('pause', container);
    await sleep(seconds * 1000);
    await docker('unpause', container);
  }

  async deleteFiles(keeper: Keeper, files: string[]): Promise<void> {
    await docker('exec', this.#containers.get(keeper)!, 'rm', '-f', ...files.map((file) => `${DATA}/${file}`));
  }

  inodeOf(keeper: Keeper): Promise<string> {
    return docker('exec', this.#containers.get(keeper)!, 'stat', '-c', '%i', `${DATA}/${DATABASES[keeper]}`);
  }

  /** Nothing is written while it is copied. */
  async storePath(): Promise<string> {
    const puller = this.#containers.get('puller')!;
    await docker('pause', puller);
    try {
      await docker('cp', `${puller}:${DATA}/.`, this.#folder);
    } finally {
      await docker('unpause', puller);
    }
    return join(this.#folder, DATABASES.puller);
  }

  running(): Promise<Running[]> {
    return Promise.all(
      [...this.#containers].map(async ([name, container]) => {
        const processes = await processesOf(container);
        return { name, pid: processes[0]![0]!, memory: processes.reduce((sum, [, rss = 0]) => sum + rss, 0) / 1024 };
      }),
    );
  }

  /** Docker has the logs. */
  crashes(): string[] {
    return [];
  }

  /** A container that restarts has nothing open. */
  async deletedFiles(): Promise<OpenFile[]> {
    const files = await Promise.all(
      [...this.#containers].map(async ([name, container]) =>
        (await processesOf(container).catch(() => [])).flatMap(([pid]) => deletedFilesOf(name, pid!, DATA)),
      ),
    );
    return files.flat();
  }
}

/** The pid on this machine and the resident memory in kB of each process. */
async function processesOf(container: string): Promise<number[][]> {
  const [, ...lines] = (await docker('top', container, '-eo', 'pid,rss')).split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}
