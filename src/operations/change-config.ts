/** Changing the configuration that proxies hold, so that all of them hold the same. */

import { AppError, messageOf } from '../lib/errors/app-error.js';
import { type DesiredState, newestOf, type Scope } from '../protocol/desired-config.js';
import type { SensorConfig, SensorConfigField } from '../protocol/sensor-config.js';
import type { ConfigClient } from '../proxy/config-client.js';

export interface Change {
  scope: Scope;
  set: SensorConfig;
  unset: SensorConfigField[];
  /** Newest version that sensors report: a proxy that lost its state must not begin anew with an older one. */
  seen?: number;
  /** What a proxy has lost is given up. */
  replace?: boolean;
}

/** A proxy that does not hold what the others hold, and why. */
export interface FailedProxy {
  url: string;
  reason: string;
}

export interface ApplyResult {
  version: number;
  /** What the proxies hold now. */
  state: DesiredState;
  /** The first of those that hold it. */
  holder: ConfigClient;
  failed: FailedProxy[];
}

/**
 * Makes a change at the first proxy that answers, and gives all that it holds then to the others. Rejects when no proxy
 * took it (the first one's reason), and at once when one refuses the value or the token.
 */
export async function applyChange(proxies: ConfigClient[], change: Change): Promise<ApplyResult> {
  // Before, because the first may know less than another, and its sensors would forget the difference.
  const { reached, failures } = await syncProxies(proxies);
  for (const [i, proxy] of reached.entries()) {
    try {
      const version = await proxy.patch(change);
      // Others may be changed at the same time: what all of them hold then is the newest of each field.
      const level = await syncProxies(reached.slice(i));
      const failed = [...failures, ...level.failures];
      return {
        version,
        state: level.state ?? (await proxy.state()),
        holder: proxy,
        failed: failed.map((failure) => ({ url: failure.proxy.url, reason: messageOf(failure.error) })),
      };
    } catch (error) {
      if (error instanceof AppError && error.fault === 'user') throw error;
      failures.push({ proxy, error });
    }
  }
  throw failures[0]!.error;
}

export interface LevelResult {
  /** What all of them hold now; undefined when none answered. */
  state: DesiredState | undefined;
  reached: ConfigClient[];
  failures: { proxy: ConfigClient; error: unknown }[];
}

/** Gives every proxy the newest of each field that any of them holds, such as one that joined late. */
export async function syncProxies(proxies: ConfigClient[]): Promise<LevelResult> {
  const asked = await askAll(proxies);
  const answered = asked.flatMap((answer) => ('held' in answer ? [answer] : []));
  const failures = asked.flatMap((answer) => ('error' in answer ? [answer] : []));
  const [first, ...others] = answered;
  if (!first) return { state: undefined, reached: [], failures };
  const state = others.reduce((newest, { held }) => newestOf(newest, held), first.held);
  const reached: ConfigClient[] = [];
  for (const { proxy, held } of answered) {
    try {
      if (!sameState(held, state)) await proxy.put(state);
      reached.push(proxy);
    } catch (error) {
      failures.push({ proxy, error });
    }
  }
  return { state, reached, failures };
}

/**
 * What the first proxy that answers holds, and which of the others do not hold the same. Rejects when none answers, with
 * the first one's reason.
 */
export async function compareProxies(
  proxies: ConfigClient[],
): Promise<{ desired: DesiredState; holder: ConfigClient; others: FailedProxy[] }> {
  const answers = await askAll(proxies);
  const first = answers.find((answer) => 'held' in answer);
  if (!first) throw answers.find((answer) => 'error' in answer)?.error;
  const others = answers.flatMap((answer) => {
    const { url } = answer.proxy;
    if ('error' in answer) return [{ url, reason: messageOf(answer.error) }];
    if (sameState(answer.held, first.held)) return [];
    return [{ url, reason: `holds something else than ${first.proxy.url}; the next change levels them` }];
  });
  return { desired: first.held, holder: first.proxy, others };
}

type Answer = { proxy: ConfigClient; held: DesiredState } | { proxy: ConfigClient; error: unknown };

/** What each of them holds, or why it does not say. */
function askAll(proxies: ConfigClient[]): Promise<Answer[]> {
  return Promise.all(
    proxies.map((proxy) =>
      proxy.state().then(
        (held) => ({ proxy, held }),
        (error: unknown) => ({ proxy, error }),
      ),
    ),
  );
}

/** Whether two states ask for the same, whatever the order of their scopes and fields. */
function sameState(a: DesiredState, b: DesiredState): boolean {
  const text = ({ version, fleet, regions, hosts }: DesiredState) =>
    JSON.stringify(sorted({ version, fleet, regions, hosts }));
  return text(a) === text(b);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}
