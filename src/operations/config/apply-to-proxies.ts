/** Applies a change of the fleet configuration to the proxies: one is the authority, the others follow it. */
import { waitFor } from '../../lib/async/backoff.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { DesiredState, Patch } from '../../protocol/desired-config.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';

/**
 * `seen`: the newest version that sensors report, for a proxy that has lost its state must not start again with an older
 * one. `replace` confirms that values which the proxy has lost are given up.
 */
export type Change = Omit<Patch, 'replace'> & Partial<Pick<Patch, 'replace'>>;

/** A proxy that does not hold the configuration, and why. */
export type FailedProxy = Record<'url' | 'reason', string>;

export type ApplyResult = Awaited<ReturnType<typeof applyChange>>;

/** Followers ask the authority twice a second. */
const HELD_WITHIN_MS = 3000;

/**
 * Makes a change at the first proxy, and waits until the others hold it. When the first one does not answer, the change
 * goes to the next one that follows an authority and can reach it. Resolves with what the authority holds now, and with the proxy
 * that took the change (`holder`): the authority, or one that forwarded it. Rejects with the first proxy's error.
 */
export async function applyChange(proxies: ProxyClient[], change: Change, heldWithinMs = HELD_WITHIN_MS) {
  const unreached = new Map<ProxyClient, string>();
  const { holder, version } = await patchFirst(proxies, change, unreached);
  const state = await holder.state();
  const failed = await failures(proxies, { holder, state, heldWithinMs }, unreached);
  return { version, state, holder, failed };
}

/** Tries the proxies in order; `unreached` gets the reasons of those that could not take the change. */
async function patchFirst(proxies: ProxyClient[], change: Change, unreached: Map<ProxyClient, string>) {
  let first: unknown;
  for (const holder of proxies) {
    try {
      // Another authority must not take the change in the first one's place: each would have its own configuration.
      if (unreached.size > 0 && (await holder.state()).follows === undefined) continue;
      return { holder, version: await holder.patch(change) };
    } catch (error) {
      if (!(error instanceof AppError && NOT_REACHED.includes(error.code))) throw error;
      first ??= error;
      unreached.set(holder, messageOf(error));
    }
  }
  throw first;
}

const NOT_REACHED = ['PROXY_GONE', 'AUTHORITY_UNREACHABLE'];

/** The state that other proxies should hold, and the one that holds it; within which time they should. */
type Held = { holder: ProxyClient; state: DesiredState; heldWithinMs: number };

/** The other proxies that do not hold it, or can't be asked. */
async function failures(
  proxies: ProxyClient[],
  wanted: Held,
  unreached: ReadonlyMap<ProxyClient, string> = new Map(),
): Promise<FailedProxy[]> {
  const reasonOf = async (proxy: ProxyClient) => {
    let reason = unreached.get(proxy);
    if (reason !== undefined || proxy === wanted.holder) return reason;
    const check = async () => {
      const held = await proxy.state();
      reason = differenceOf(held, wanted);
      // Only a follower gets the change by waiting.
      return reason === undefined || held.follows === undefined || undefined;
    };
    await waitFor(check, { timeoutMs: wanted.heldWithinMs, everyMs: 100 });
    return reason;
  };
  const reasons = await Promise.all(proxies.map((proxy) => reasonOf(proxy).catch(messageOf)));
  return proxies.flatMap(({ url }, i) => (reasons[i] === undefined ? [] : [{ url, reason: reasons[i] }]));
}

/**
 * The state of the first proxy that answers, and those of the other proxies that hold something else. Rejects with the
 * first proxy's error when none answers.
 */
export async function compareProxies(proxies: ProxyClient[]) {
  const answers = await Promise.allSettled(proxies.map((proxy) => proxy.state()));
  const first = answers.findIndex(({ status }) => status === 'fulfilled');
  const holder = proxies[Math.max(0, first)]!;
  const desired = await holder.state();
  return { desired, holder, others: await failures(proxies, { holder, state: desired, heldWithinMs: 0 }) };
}

/** Why what a proxy holds is not what is wanted; undefined when it is the same, or already newer. */
function differenceOf(held: DesiredState, { holder: { url }, state }: Held): string | undefined {
  if (held.follows === undefined && state.follows === undefined) {
    return `does not follow ${url}: restart it with --follow and the address of that proxy`;
  }
  if (held.version >= state.version) return undefined;
  return `holds version ${held.version}, ${url} holds ${state.version}`;
}
