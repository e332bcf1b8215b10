/**
 * Watches the containers of a network. Docker restarts those that crash (`restart: on-failure`), which is only reported here;
 * it does not restart those that were killed or stopped by hand, so they are started from here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, containersOf, lastLogLines } from '../../../docker/containers.js';
import { docker } from '../../../docker/docker-cli.js';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import type { NetworkEvent } from '../../provider.js';
import { logFolderOf, type Project } from './compose-project.js';

const CHECK_EVERY_MS = 2000;
/** An engine that takes longer to list a few containers is in trouble. */
const ANSWER_MS = 10_000;
const FAILURE_LINES = 10;
const CRASH_LINES = 2;
/** Of each line in a note: a reading would fill the screen. */
const LINE_WIDTH = 120;

/**
 * Rejects with `CONTAINER_FAILED`, with the container's last lines, as soon as one has exited or crashed.
 */
export async function failOnExit(project: Project, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(CHECK_EVERY_MS / 2, undefined, { signal });
    const containers = await containersOf({ project: project.name });
    const failed = containers.find(({ state }) => ['exited', 'dead', 'restarting'].includes(state));
    if (!failed) continue;
    throw new AppError('CONTAINER_FAILED', `${failed.service} exited while it started (exit code ${failed.exitCode})`, {
      details: await lastLogLines(failed.name, FAILURE_LINES),
      hint: `The logs of all containers are in ${logFolderOf(project)}.`,
    });
  }
}

interface WatchOptions {
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
      for (const container of containers) {
        const { name, service, state, exitCode } = container;
        const { crashed, restarted, exited } = runs.next(container);
        if (crashed) emit({ type: 'container.crashed', service, lastLines: await lastLinesOf(container) });
        if (restarted) onRestart(service);
        if (state !== 'exited' || resting.has(service)) continue;
        if (exited) emit({ type: 'container.exited', service, exitCode, lastLines: await lastLinesOf(container) });
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
  readonly #last = new Map<string, Run>();

  /**
   * `crashed`: since the last check (at the first one: ever) Docker has restarted it, or is about to; `exited`: it does not run
   * any more.
   */
  next({ name, state, restarts, startedAt }: Run): Record<'crashed' | 'restarted' | 'exited', boolean> {
    const last = this.#last.get(name);
    // The start of the last run that was seen.
    const ran = state === 'running' || !last ? startedAt : last.startedAt;
    this.#last.set(name, { name, restarts, state, startedAt: ran });
    return {
      crashed: restarts > (last?.restarts ?? 0),
      restarted: state === 'running' && startedAt !== (last?.startedAt ?? startedAt),
      exited: state === 'exited' && last?.state !== 'exited',
    };
  }
}

/** The last lines of the run that crashed. */
async function lastLinesOf({ name, state, startedAt }: Container): Promise<string[]> {
  const lines = await lastLogLines(name, CRASH_LINES, state === 'running' ? startedAt : undefined);
  return lines.map((line) => (line.length > LINE_WIDTH ? `${line.slice(0, LINE_WIDTH)}…` : line));
}
