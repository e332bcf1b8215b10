/** Applies a change of the fleet configuration to the proxies: one is the authority, the others follow it. */
import { waitFor } from '../../lib/async/backoff.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { DesiredState, Scope } from '../../protocol/desired-config.js';
import type { DesiredConfig, DesiredField } from '../../protocol/sensor-config.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';

export interface Change {
  scope: Scope;
  set: DesiredConfig;
  unset: DesiredField[];
  /** Newest version that sensors report: a proxy that has lost its state must not start again with an older one. */
  seen?: number;
  /** Confirms that values which the proxy has lost are given up. */
  replace?: boolean;
}

/** A proxy that does not hold the configuration, and why. */
export interface FailedProxy {
  url: string;
  reason: string;
}

export interface ApplyResult {
  version: number;
  /** What the authority holds now. */
  state: DesiredState;
  /** The proxy that took the change: the authority, or one that forwarded it. */
  holder: ProxyClient;
  failed: FailedProxy[];
}

/** Followers ask the authority twice a second. */
const HELD_WITHIN_MS = 3000;

/**
 * Makes a change at the first proxy, and waits until the others hold it. When the first one does not answer, the change
 * goes to the next one that follows an authority and can reach it. Rejects with the first proxy's error.
 */
export async function applyChange(
  proxies: ProxyClient[],
  change: Change,
  heldWithinMs = HELD_WITHIN_MS,
): Promise<ApplyResult> {
  const { holder, version, unreached } = await patchFirst(proxies, change);
  const state = await holder.state();
  const others = proxies.filter((proxy) => proxy !== holder);
  const failed = await Promise.all(
    others.map(async (proxy) => unreached.get(proxy) ?? (await notHeld(proxy, { holder, state, heldWithinMs }))),
  );
  return {
    version,
    state,
    holder,
    failed: others.flatMap(({ url }, i) => (failed[i] === undefined ? [] : [{ url, reason: failed[i] }])),
  };
}

/** Tries the proxies in order; `unreached` has the reasons of those that could not take the change. */
async function patchFirst(
  proxies: ProxyClient[],
  change: Change,
): Promise<{ holder: ProxyClient; version: number; unreached: Map<ProxyClient, string> }> {
  const unreached = new Map<ProxyClient, string>();
  let first: unknown;
  for (const holder of proxies) {
    try {
      // Another authority must not take the change in the first one's place: each would have its own configuration.
      if (unreached.size > 0 && (await holder.state()).follows === undefined) continue;
      return { holder, version: await holder.patch(change), unreached };
    } catch (error) {
      if (!(error instanceof AppError && NOT_REACHED.includes(error.code))) throw error;
      first ??= error;
      unreached.set(holder, messageOf(error));
    }
  }
  throw first;
}

const NOT_REACHED = ['PROXY_GONE', 'AUTHORITY_UNREACHABLE'];

/** Why a proxy does not hold what the holder holds; undefined when it does, within the time given. */
async function notHeld(
  proxy: ProxyClient,
  { holder, state, heldWithinMs }: { holder: ProxyClient; state: DesiredState; heldWithinMs: number },
): Promise<string | undefined> {
  let reason: string | undefined;
  const look = async () => {
    const held = await proxy.state();
    reason = differenceOf(held, holder, state);
    // Only a follower gets the change by waiting.
    return reason === undefined || held.follows === undefined || undefined;
  };
  try {
    await waitFor(look, { timeoutMs: heldWithinMs, everyMs: 100 });
  } catch (error) {
    return messageOf(error);
  }
  return reason;
}

/**
 * The state of the first proxy that answers, and those of the other proxies that hold something else. Rejects with the
 * first proxy's error when none answers.
 */
export async function compareProxies(
  proxies: ProxyClient[],
): Promise<{ desired: DesiredState; holder: ProxyClient; others: FailedProxy[] }> {
  const answers = await Promise.allSettled(proxies.map((proxy) => proxy.state()));
  const first = answers.findIndex(({ status }) => status === 'fulfilled');
  if (first < 0) throw (answers[0] as PromiseRejectedResult).reason;
  const holder = proxies[first]!;
  const desired = (answers[first] as PromiseFulfilledResult<DesiredState>).value;
  const others = proxies.flatMap((proxy, i) => {
    const answer = answers[i]!;
    if (proxy === holder) return [];
    const reason =
      answer.status === 'rejected' ? messageOf(answer.reason) : differenceOf(answer.value, holder, desired);
    return reason === undefined ? [] : [{ url: proxy.url, reason }];
  });
  return { desired, holder, others };
}

/** Why what a proxy holds is not what the holder holds; undefined when it is the same, or already newer. */
function differenceOf(held: DesiredState, holder: ProxyClient, state: DesiredState): string | undefined {
  if (held.follows === undefined && state.follows === undefined) {
    return `does not follow ${holder.url}: restart it with --follow and the address of that proxy`;
  }
  if (held.version >= state.version) return undefined;
  return `holds version ${held.version}, ${holder.url} holds ${state.version}`;
}
