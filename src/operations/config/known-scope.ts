/** A region or host that nobody has is most often misspelt: a change for it would be saved, and show nowhere. */
import { AppError } from '../../lib/errors/app-error.js';
import { configOf, type Scope } from '../../protocol/desired-config.js';
import { hostKey } from '../../protocol/names.js';
import type { Change } from './apply-to-proxies.js';
import type { ConfigTarget } from './config-target.js';

/** How many names of hosts are listed. */
const NAMED = 10;

/**
 * Rejects with `NO_SUCH_REGION` or `NO_SUCH_HOST`. What was set ahead can always be cleared, and where nobody can be
 * asked nothing is refused.
 */
export async function requireKnownScope(
  { proxies, fleet, nodes }: ConfigTarget,
  scope: Scope,
  { set }: Pick<Change, 'set'>,
): Promise<void> {
  const isRegion = 'region' in scope;
  if (!isRegion && !('hostname' in scope)) return;
  const name = isRegion ? scope.region : scope.hostname;
  const sending = await (isRegion ? regionsOf(fleet) : hostsOf(fleet)).catch(() => undefined);
  if (sending === undefined || sending.includes(name)) return;
  const known = new Set([...sending, ...(await edgeNodes(nodes)).map((node) => (isRegion ? node.region : node.name))]);
  if (known.has(name)) return;
  if (Object.keys(set).length === 0 && (await isSet(proxies, scope))) return;
  const names = [...known].filter(Boolean).sort();
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const noun = isRegion ? 'region' : 'host';
  throw new AppError(isRegion ? 'NO_SUCH_REGION' : 'NO_SUCH_HOST', `there is no ${noun} ${JSON.stringify(name)}`, {
    hint: `The ${noun}s are ${names.slice(0, NAMED).join(', ') || 'not known yet'}${more}. Add --ahead to set it before there is such a ${noun}.`,
  });
}

const regionsOf = async (fleet: ConfigTarget['fleet']) => (await fleet.summary()).regions.map(({ region }) => region);
const hostsOf = async (fleet: ConfigTarget['fleet']) => (await fleet.snapshot()).sensors.map((one) => one.hostname);
const isSet = async ([proxy]: ConfigTarget['proxies'], scope: Scope) =>
  proxy!.state().then(
    (state) => configOf(state, scope) !== undefined,
    () => true,
  );
const edgeNodes = async (nodes: ConfigTarget['nodes']) =>
  ((await nodes?.().catch(() => undefined)) ?? []).filter(({ type }) => type === 'edge');

/** Whether no sensor and no edge node has this name; false where nobody can be asked. */
export async function isUnknownHost({ fleet, nodes }: ConfigTarget, host: string): Promise<boolean> {
  const sending = await hostsOf(fleet).catch(() => undefined);
  if (sending === undefined) return false;
  const names = [...sending, ...(await edgeNodes(nodes)).map(({ name }) => name)];
  return !names.some((name) => hostKey(name) === hostKey(host));
}
