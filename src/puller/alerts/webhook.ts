/**
 * Posts alerts to a webhook: what begins together goes in one request, few requests run at a time, and a webhook that
 * fails is given time. One alert is posted as it is; several as the first one with all of them in `alerts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import { jittered } from '../../lib/async/backoff.js';
import { messageOf } from '../../lib/errors/app-error.js';

/** Enough for a receiver that answers within a second, and no load for one that does not. */
const MAX_POSTS = 4;
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
  /** Their newer alerts wait, so that the end of one never overtakes its beginning. */
  readonly #posting = new Set<string>();
  #posts = 0;

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
    this.#postNext();
  }

  #postNext(): void {
    while (this.#posts < MAX_POSTS) {
      const group = [...this.#waiting.values()]
        .filter((alert) => !this.#posting.has(subjectOf(alert)))
        .slice(0, MAX_IN_POST);
      if (group.length === 0) return;
      void this.#postGroup(group);
    }
  }

  async #postGroup(group: AlertEvent[]): Promise<void> {
    this.#posts++;
    const subjects = group.map(subjectOf);
    for (const subject of subjects) {
      this.#waiting.delete(subject);
      this.#posting.add(subject);
    }
    await this.#deliver(group);
    for (const subject of subjects) this.#posting.delete(subject);
    this.#posts--;
    this.#postNext();
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

/** What an alert is about: a newer alert about the same says all that is left to say. */
const subjectOf = (alert: AlertEvent): string => ('region' in alert ? `${alert.type} ${alert.region}` : alert.type);

/** A receiver that knows single alerts shows the first one, and in its text that there are more. */
function bodyOf(group: AlertEvent[]): AlertEvent & { alerts?: AlertEvent[] } {
  const [first] = group as [AlertEvent];
  if (group.length === 1) return first;
  return { ...first, text: `${first.text} (and ${group.length - 1} more in alerts)`, alerts: group };
}
