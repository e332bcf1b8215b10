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

export class Webhook {
  readonly #url: string;
  readonly #onFailure: (message: string) => void;
  /** By subject: a newer alert replaces one that was not posted yet. */
  readonly #waiting = new Map<string, AlertEvent>();
  #isPosting = false;

  /** `onFailure`: alerts were given up, and why. */
  constructor(url: string, onFailure: (message: string) => void) {
    this.#url = url;
    this.#onFailure = onFailure;
  }

  post(alerts: AlertEvent[]): void {
    for (const alert of alerts) {
      this.#waiting.delete(subjectOf(alert));
      this.#waiting.set(subjectOf(alert), alert);
    }
    const tooMany = this.#waiting.size - MAX_WAITING;
    if (tooMany > 0) {
      for (const subject of [...this.#waiting.keys()].slice(0, tooMany)) this.#waiting.delete(subject);
      this.#onFailure(`${tooMany} alerts were given up: too many wait`);
    }
    void this.#postWaiting();
  }

  async #postWaiting(): Promise<void> {
    if (this.#isPosting) return;
    this.#isPosting = true;
    while (this.#waiting.size > 0) {
      const group = [...this.#waiting].slice(0, MAX_IN_POST);
      for (const [subject] of group) this.#waiting.delete(subject);
      await this.#deliver(group.map(([, alert]) => alert));
    }
    this.#isPosting = false;
  }

  async #deliver(group: AlertEvent[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send(group);
      } catch (error) {
        if (attempt === ATTEMPTS) return this.#onFailure(messageOf(error));
        await sleep(jittered(attempt - 1, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
      }
    }
  }

  async #send(group: AlertEvent[]): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(group)),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`status ${response.status}`);
  }
}

/** A receiver that knows single alerts shows the first one, and in its text that there are more. */
function bodyOf(group: AlertEvent[]): AlertEvent & { alerts?: AlertEvent[] } {
  const [first] = group as [AlertEvent];
  if (group.length === 1) return first;
  return { ...first, text: `${first.text} (and ${group.length - 1} more in alerts)`, alerts: group };
}
