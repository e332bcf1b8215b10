/** The clients: sensors of our own, which remember what was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reading } from '../../protocol/message.js';
import { type History, keyOf } from './checker.js';
import type { Random } from './random.js';

export const JOB = 'torture';
/** A proxy that is stopped does not answer at all. */
const TIMEOUT_MS = 10_000;
const RETRY_MS = 250;
const MAX_BATCH = 8;
/** What a sensor keeps and sends again; every other answer to a valid reading is a fault. */
const TRY_AGAIN = [408, 429, 502, 503, 504];

export async function post(url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers }, signal };
  const response = await fetch(`${url}/send`, init);
  return { status: response.status, text: await response.text() };
}

/**
 * Sends readings 1, 2, … of one execution, alone or a few at once, until `stopped`; each until it is acknowledged. `proxy`:
 * its URL now.
 */
export async function sendReadings(
  proxy: () => string,
  sensor: Pick<Reading, 'execution_id' | 'region'>,
  { history, random, stopped, giveUp }: { history: History; random: Random; stopped: AbortSignal; giveUp: AbortSignal },
): Promise<void> {
  let sequence = 0;
  while (!stopped.aborted) {
    const batch = Array.from({ length: random.pick([1, random.integer(1, MAX_BATCH)]) }, () =>
      readingOf(sensor, ++sequence),
    );
    if (!(await sendBatch(proxy, batch, history, giveUp))) return;
    await sleep(random.integer(20, 150));
  }
}

/** Sends readings 1 to `count` of one execution; resolves when the last one is acknowledged. */
export async function sendLoad(
  proxy: string,
  sensor: Pick<Reading, 'execution_id' | 'region'>,
  count: number,
  { history, giveUp }: { history: History; giveUp: AbortSignal },
): Promise<void> {
  for (let from = 1; from <= count; from += MAX_BATCH) {
    const length = Math.min(MAX_BATCH, count - from + 1);
    const batch = Array.from({ length }, (_, i) => readingOf(sensor, from + i));
    if (!(await sendBatch(() => proxy, batch, history, giveUp))) return;
  }
}

/** False when it gave up: nobody knows then whether the readings were taken. */
async function sendBatch(
  proxy: () => string,
  batch: Reading[],
  history: History,
  giveUp: AbortSignal,
): Promise<boolean> {
  for (const reading of batch) history.sent.set(keyOf(reading), reading);
  const accepted = await sendUntilAccepted(
    proxy,
    JSON.stringify(batch.length === 1 ? batch[0] : batch),
    history,
    giveUp,
  );
  if (accepted) for (const reading of batch) history.acknowledged.add(keyOf(reading));
  return accepted;
}

async function sendUntilAccepted(
  proxy: () => string,
  body: string,
  history: History,
  giveUp: AbortSignal,
): Promise<boolean> {
  while (!giveUp.aborted) {
    const answer = await post(proxy(), body).catch(() => undefined);
    if (answer?.status === 200 && !answer.text.includes('superseded')) return true;
    if (answer && !TRY_AGAIN.includes(answer.status)) {
      history.badAnswers.push(`a valid reading got ${answer.status} ${answer.text}`);
      return false;
    }
    await sleep(RETRY_MS);
  }
  history.badAnswers.push('a valid reading was not accepted until the end');
  return false;
}

export function readingOf(
  { execution_id, region }: Pick<Reading, 'execution_id' | 'region'>,
  sequence: number,
): Reading {
  return {
    job_id: JOB,
    execution_id,
    icon_name: '🔥',
    timestamp: new Date().toISOString(),
    color: '#ff8800',
    sequence,
    region,
    job_submission_time: 0,
    hostname: `host-of-${execution_id}`,
  };
}
