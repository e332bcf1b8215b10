/**
 * Starts containers again that were killed. Docker itself does so after a crash (`restart: on-failure`), but not after
 * `docker kill`; and only this program can tell the operator of either. What ended in order (`docker stop`) was meant to.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../../docker/docker-cli.js';
import { messageOf, systemError } from '../../lib/errors/app-error.js';
import type { NetworkEvent } from '../provider.js';
import { type Container, containersOf, lastLinesOf, type Project } from './compose-project.js';
import { logFileOf } from './container-logs.js';
import { Crashes } from './crashes.js';

const LOOK_EVERY_MS = 2000;
const LONGEST_PAUSE_MS = 30_000;
/** What ran this long was well. */
const WELL_AFTER_MS = 60_000;
/** An engine that takes longer to list a few containers is in trouble. */
const ANSWER_MS = 10_000;
/** Characters of each: a reading, say, would fill the screen. */
const WIDTH = 120;

const hasEnded = ({ state }: Container) => state === 'exited' || state === 'dead';
const wasStopped = ({ status }: Container) => status.startsWith('Exited (0)');

/** Rejects with `CONTAINER_FAILED` (its last words are the details) as soon as one of the containers has ended. */
export async function untilOneFails(project: Project, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(LOOK_EVERY_MS / 2, undefined, { signal });
    const containers = await containersOf({ project: project.name });
    const failed = containers.find((one) => hasEnded(one) || one.state === 'restarting');
    if (!failed) continue;
    throw systemError('CONTAINER_FAILED', `${failed.service} ended at once: ${failed.status}`, {
      details: await lastLinesOf(failed.name, 10),
      hint: `What all containers said is in ${logFileOf(project)}.`,
    });
  }
}

export interface WatchOptions {
  project: Project;
  emit(event: NetworkEvent): void;
  /** Called with the service when its container runs again. */
  onRestart(service: string): void;
  signal: AbortSignal;
}

/** Runs until it is aborted. */
export async function watchContainers(options: WatchOptions): Promise<void> {
  const { project, signal } = options;
  const failures = new Map<string, { count: number; at: number }>();
  const crashes = new Crashes();
  const answers = new Answers(options);
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    const containers = await answers.of(containersOf({ project: project.name }, { timeoutMs: ANSWER_MS, signal }));
    for (const one of containers.filter(hasEnded)) {
      if (signal.aborted || wasStopped(one)) continue;
      const last = failures.get(one.name);
      const now = Date.now();
      const count = last && now - last.at < WELL_AFTER_MS ? last.count : 0;
      if (last && now - last.at < Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** count) && count > 0) continue;
      failures.set(one.name, { count: count + 1, at: now });
      await startAgain(one, options);
    }
    for (const { service, words } of await crashes.since(containers).catch(() => [])) {
      options.emit({ type: 'network.note', text: `${service} crashed, and Docker started it again${saying(words)}` });
      options.onRestart(service);
    }
  }
}

/** Tells the operator, once each time, when the engine ceases to answer and when it answers again. */
class Answers {
  private silent = false;

  constructor(private readonly options: Pick<WatchOptions, 'emit' | 'signal'>) {}

  /** None while it does not answer: it is asked again. */
  async of(asked: Promise<Container[]>): Promise<Container[]> {
    const { emit, signal } = this.options;
    const tell = (text: string) => emit({ type: 'network.note', text });
    try {
      const containers = await asked;
      if (this.silent) tell('Docker answers again');
      this.silent = false;
      return containers;
    } catch (error) {
      if (signal.aborted) return [];
      if (!this.silent) tell(`containers are not looked after for now: ${messageOf(error)}`);
      this.silent = true;
      return [];
    }
  }
}

async function startAgain(one: Container, { emit, onRestart }: WatchOptions): Promise<void> {
  const words = await lastLinesOf(one.name, 2);
  emit({ type: 'network.note', text: `${one.service} ended (${one.status})${saying(words)}` });
  try {
    await docker(['start', one.name]);
    emit({ type: 'network.note', text: `${one.service} runs again` });
    onRestart(one.service);
  } catch (error) {
    emit({ type: 'network.note', text: `${one.service} can't be started: ${messageOf(error)}` });
  }
}

function saying(words: string[]): string {
  const short = words.map((line) => (line.length > WIDTH ? `${line.slice(0, WIDTH)}…` : line));
  return short.length > 0 ? `; last words: ${short.join(' / ')}` : '';
}
