/** Texts about the shards of a store that several pullers share, and about what an answer does not have. */
import type { MissingPart } from '../../fleet/fleet-view.js';
import { escapeControls } from '../../lib/control-characters.js';
import type { PullerAppStats } from '../../puller/puller-app.js';
import { spanText } from './event-text.js';
import { countText, partsText, type Style } from './terminal-text.js';

/** Less is on its way. */
const LAG_SHOWN_MS = 10_000;

const shardsText = (shards: number[]): string => `${shards.length === 1 ? 'shard' : 'shards'} ${shards.join(', ')}`;

/** A line for each part of the fleet that the numbers beside it do not have. */
export const missingLines = (missing: MissingPart[] = []): string[] =>
  missing.map(({ puller, shards, why }) => {
    const is = shards.length === 1 ? 'is' : 'are';
    const reason =
      puller === undefined ? why : `the puller at ${puller} holds ${shards.length === 1 ? 'it' : 'them'}: ${why}`;
    return escapeControls(`${shardsText(shards)} ${is} not in these numbers: ${reason}`);
  });

/** A line for each puller; none where there is one shard. `self`: the URL of the one that was asked. */
export function pullerLines({ shards = [] }: Pick<PullerAppStats, 'shards'>, self: string, style: Style): string[] {
  const pullers = [...new Set(shards.map(({ puller }) => puller ?? self))];
  return pullers.map((url) => {
    const own = shards.filter(({ puller }) => (puller ?? self) === url);
    const rate = own.reduce((sum, one) => sum + one.rate, 0);
    const waiting = own.reduce((sum, { depth }) => sum + (depth?.visible ?? 0), 0);
    const lag = Math.max(...own.map(({ lagMs }) => lagMs ?? 0));
    const problem = own.find((one) => one.problem !== undefined)?.problem;
    const text = partsText(
      shardsText(own.map(({ shard }) => shard)),
      `${rate.toFixed(1)}/s`,
      waiting > 0 && `${countText(waiting, 'message')} waiting`,
      lag > LAG_SHOWN_MS && style.red(`${spanText(lag)} behind`),
      problem !== undefined && style.red(`can't store: ${escapeControls(problem)}`),
    );
    return `${escapeControls(url)}: ${text}`;
  });
}
