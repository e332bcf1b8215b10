/**
 * Watches the containers of a network. Docker restarts those that crash (`restart: on-failure`), which is only reported here;
 * it does not restart those that were killed or stopped by hand, so they are started from here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, containersOf, lastLogLines } from '../../../docker/containers.js';
import { docker } from '../../../docker/docker-cli.js';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import type { NetworkEvent } from '../../provider.js';
import { logFolderOf, type Project, refuseForeign } from './compose-project.js';

const CHECK_EVERY_MS = 2000;
/** An engine that takes longer to list a few containers is in trouble. */
const ANSWER_MS = 10_000;
const FAILURE_LINES = 10;
const CRASH_LINES = 2;
/** Of each line in a note: a reading would fill the screen. */
const LINE_WIDTH = 120;

/**
 * Rejects with `CONTAINER_FAILED`, with the container's last lines, as soon as one has exited or crashed, and with
 * `PROJECT_IN_USE` when others start the project at the same time.
 */
export async function failOnExit(project: Project, stateDir: string, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(CHECK_EVERY_MS / 2, undefined, { signal });
    const containers = await containersOf({ project: project.name });
    refuseForeign(containers, project.name, stateDir);
    const failed = containers.find(({ state }) => ['exited', 'dead', 'restarting'].includes(state));
    if (!failed) continue;
    throw new AppError('CONTAINER_FAILED', `${failed.service} exited while it started (exit code ${failed.exitCode})`, {
      details: await lastLogLines(failed.name, FAILURE_LINES),
      hint: `The logs of all containers are in ${logFolderOf(project)}.`,
    });
  }
}

export interface WatchOptions {
  project: Project;
  emit(event: NetworkEvent): void;
  /** Called with the service when its container runs again, whoever restarted it. */
  onRestart(service: string): void;
  /** Services that are stopped on purpose. */
  resting: ReadonlySet<string>;
  signal: AbortSignal;
  /** In milliseconds; tests check more often. */
  everyMs?: number;
}

/** Runs until it is aborted. */
export async function watchContainers(options: WatchOptions): Promise<void> {
  const { project, emit, onRestart, resting, signal, everyMs = CHECK_EVERY_MS } = options;
  const runs = new ContainerRuns();
  let answers = true;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {});
    try {
      const containers = await containersOf({ project: project.name }, { timeoutMs: ANSWER_MS, signal });
      const { crashed, restarted, exited } = runs.compare(containers);
      for (const container of crashed)
        emit({ type: 'container.crashed', service: container.service, lastLines: await lastLinesOf(container) });
      for (const { service } of restarted) onRestart(service);
      for (const container of exited) {
        const { service, exitCode } = container;
        if (!resting.has(service))
          emit({ type: 'container.exited', service, exitCode, lastLines: await lastLinesOf(container) });
      }
      for (const { name, service, state } of containers) {
        if (state === 'exited' && !resting.has(service))
          await docker(['start', name], { timeoutMs: ANSWER_MS, signal });
      }
      if (!answers) emit({ type: 'docker.answering' });
      answers = true;
    } catch (error) {
      if (signal.aborted) return;
      if (answers) emit({ type: 'docker.silent', reason: messageOf(error) });
      answers = false;
    }
  }
}

type Run = Pick<Container, 'name' | 'state' | 'restarts' | 'startedAt'>;

/** The run of each container at the last check. */
export class ContainerRuns {
  readonly #last = new Map<string, { restarts: number; startedAt: string; state: string }>();

  /**
   * `crashed`: since the last check (at the first one: ever) Docker has restarted it, or is about to; `exited`: it does not run
   * any more.
   */
  compare<C extends Run>(containers: C[]): { crashed: C[]; restarted: C[]; exited: C[] } {
    const crashed: C[] = [];
    const exited: C[] = [];
    const restarted: C[] = [];
    for (const container of containers) {
      const { name, state, restarts, startedAt } = container;
      const last = this.#last.get(name);
      if (restarts > (last?.restarts ?? 0)) crashed.push(container);
      if (state === 'running' && startedAt !== (last?.startedAt ?? startedAt)) restarted.push(container);
      if (state === 'exited' && last?.state !== 'exited') exited.push(container);
      this.#last.set(name, { restarts, state, startedAt: state === 'running' || !last ? startedAt : last.startedAt });
    }
    return { crashed, restarted, exited };
  }
}

/** The last lines of the run that crashed. */
async function lastLinesOf({ name, state, startedAt }: Container): Promise<string[]> {
  const lines = await lastLogLines(name, CRASH_LINES, state === 'running' ? startedAt : undefined);
  return lines.map((line) => (line.length > LINE_WIDTH ? `${line.slice(0, LINE_WIDTH)}…` : line));
}
