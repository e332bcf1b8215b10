/** Numbers, times and counts as texts. */
/** @import { FleetSummary } from '../../fleet/fleet-view.js' */

const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number} count */
export const whole = (count) => integers.format(count);

/** @param {number} time Unix milliseconds */
export const clock = (time) => new Date(time).toLocaleTimeString('en-GB');

/** Sorts `edge-9` before `edge-10`. */
export const byNumber = new Intl.Collator('en', { numeric: true }).compare;

/** @typedef {Omit<FleetSummary['total'], 'last_seen'>} Counts of a region or of the whole fleet */

/**
 * Texts for the places of the same names.
 * @param {Counts} counts
 * @returns {Record<string, string>}
 */
export function countTexts({ live, paused, silent, received, gaps, late, duplicates, rate }) {
  const texts = Object.entries({ live, paused, silent, received, gaps, late, duplicates });
  return {
    rate: (rate < 100 ? tenths : integers).format(rate),
    ...Object.fromEntries(texts.map(([name, count]) => [name, whole(count)])),
  };
}

/**
 * Marks the counts that should be zero and are not, and those that are.
 * @param {HTMLElement} node
 * @param {Counts} counts
 */
export function markProblems(node, counts) {
  for (const field of /** @type {const} */ (['live', 'paused', 'silent', 'gaps', 'late', 'duplicates'])) {
    const place = node.querySelector(`[data-f="${field}"]`);
    place?.classList.toggle('zero', counts[field] === 0);
    if (field === 'silent' || field === 'gaps') place?.classList.toggle('bad', counts[field] > 0);
  }
}
