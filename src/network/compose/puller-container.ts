/** The puller's container, whose part a service job can take. */

import { docker } from '../../docker/docker-cli.js';
import { waitFor } from '../../lib/async/backoff.js';
import { systemError } from '../../lib/errors/app-error.js';
import { answersHttp } from '../../lib/net/wait-for-http.js';
import type { Project } from './compose-project.js';

const READY_MS = 30_000;

/** As `Centre.movePuller` says; `own` is the container's URL. Rejects with `PULLER_NOT_READY`. */
export async function movePuller({ name }: Project, own: string, url: string | null): Promise<string> {
  const container = `${name}-sqs-puller-1`;
  if (url !== null) {
    await docker(['stop', container]);
    return url;
  }
  await docker(['start', container]);
  const ready = async () => (await answersHttp(`${own}/ready`)) || undefined;
  if (await waitFor(ready, { timeoutMs: READY_MS })) return own;
  throw systemError('PULLER_NOT_READY', `the puller's container does not answer at ${own}`, {
    hint: `See what it says: docker logs ${container}.`,
  });
}
