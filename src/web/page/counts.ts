/** The counts of a region or of the whole fleet. */
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { byId, fill } from './dom.js';
import { numberText, whole } from './format.js';

export type Counts = Omit<FleetSummary['total'], 'last_seen'>;

/** Fills the places of the counts in a node, and marks those that should be zero and are not, and those that are. */
export function showCounts(node: HTMLElement, { rate, ...counts }: Counts): void {
  const { live, paused, silent, received, gaps, late, duplicates } = counts;
  const texts = Object.entries({ live, paused, silent, received, gaps, late, duplicates }).map(([name, count]) => {
    const place = node.querySelector(`[data-f="${name}"]`);
    place?.classList.toggle('zero', count === 0);
    if (name === 'silent' || name === 'gaps') place?.classList.toggle('bad', count > 0);
    return [name, whole(count)];
  });
  fill(node, { rate: numberText('readings.rate', rate), ...Object.fromEntries(texts) });
}

export function showTotals(total: Counts): void {
  showCounts(byId('totals'), total);
  const others = [
    ...(total.paused > 0 ? [`${whole(total.paused)} paused`] : []),
    ...(total.silent > 0 ? [`${whole(total.silent)} silent`] : []),
  ];
  fill(byId('totals'), { others: others.join(', ') });
}
