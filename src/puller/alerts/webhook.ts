/**
 * Posts alerts to a webhook, one request at a time: what begins meanwhile goes together in the next one, and a webhook that
 * fails is given time. One alert is posted as it is; several as the first one with all of them in `alerts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import { jittered } from '../../lib/async/backoff.js';
import { messageOf } from '../../lib/errors/app-error.js';
import { subjectOf } from './firing-alerts.js';

/** About 30 KB. */
const MAX_IN_POST = 100;
/** Subjects whose newest alert waits; of more the oldest are given up. */
const MAX_WAITING = 10_000;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const TIMEOUT_MS = 5_000;

/** Gives the function that posts alerts to a URL. `onFailure`: alerts were given up, and why. */
export function openWebhook(url: string, onFailure: (message: string) => void): (alerts: AlertEvent[]) => void {
  /** By subject: a newer alert replaces one that was not posted yet. */
  const waiting = new Map<string, AlertEvent>();
  let isPosting = false;

  async function postWaiting(): Promise<void> {
    if (isPosting) return;
    isPosting = true;
    while (waiting.size > 0) {
      const group = [...waiting].slice(0, MAX_IN_POST);
      for (const [subject] of group) waiting.delete(subject);
      await deliver(group.map(([, alert]) => alert));
    }
    isPosting = false;
  }

  async function deliver(group: AlertEvent[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(url, group);
      } catch (error) {
        if (attempt === ATTEMPTS) return onFailure(messageOf(error));
        await sleep(jittered(attempt - 1, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
      }
    }
  }

  return (alerts) => {
    for (const alert of alerts) {
      waiting.delete(subjectOf(alert));
      waiting.set(subjectOf(alert), alert);
    }
    const tooMany = waiting.size - MAX_WAITING;
    if (tooMany > 0) {
      for (const subject of [...waiting.keys()].slice(0, tooMany)) waiting.delete(subject);
      onFailure(`${tooMany} alerts were given up: too many wait`);
    }
    void postWaiting();
  };
}

async function send(url: string, group: AlertEvent[]): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bodyOf(group)),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`status ${response.status}`);
}

/** A receiver that knows single alerts shows the first one, and in its text that there are more. */
function bodyOf(group: AlertEvent[]): AlertEvent & { alerts?: AlertEvent[] } {
  const [first] = group as [AlertEvent];
  if (group.length === 1) return first;
  return { ...first, text: `${first.text} (and ${group.length - 1} more in alerts)`, alerts: group };
}
