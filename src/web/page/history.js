/** What the puller has kept: a metric over time, ready for a chart. */
/** @import { History } from '../../store/history.js' */

/** Any sender can name regions, and more can't be told apart. */
const MAX_CURVES = 12;

/**
 * @typedef {object} Query
 * @property {string} metric
 * @property {string} [region]
 * @property {string} [host]
 * @property {number} spanMs
 * @property {number} stepMs
 *
 * @typedef {object} Curve one for each region, or of what was asked for
 * @property {string} name
 * @property {(number | null)[]} means null: nothing was received
 * @property {(number | null)[]} lows
 * @property {(number | null)[]} highs
 *
 * @typedef {object} Past
 * @property {number[]} times Unix milliseconds, the beginning of each step
 * @property {Curve[]} curves
 */

/**
 * Rejects with why there is none.
 * @param {Query} query
 * @returns {Promise<Past>}
 */
export async function loadPast({ metric, region, host, spanMs, stepMs }) {
  const to = Date.now();
  const query = new URLSearchParams({ metric, from: String(to - spanMs), to: String(to), step: String(stepMs) });
  if (region !== undefined) query.set('region', region);
  if (host !== undefined) query.set('host', host);
  const response = await fetch(`history?${query}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return align(answer);
}

/**
 * Puts the points of all series on one row of times; steps without readings stay empty.
 * @param {History} answer
 * @returns {Past}
 */
function align({ from, to, step, series }) {
  const times = Array.from({ length: Math.round((to - from) / step) }, (_, i) => from + i * step);
  const curves = series.slice(0, MAX_CURVES).map(({ region, host, points }) => {
    const byTime = new Map(points.map((point) => [point.t, point]));
    const row = (/** @type {'mean' | 'min' | 'max'} */ field) => times.map((time) => byTime.get(time)?.[field] ?? null);
    return { name: host ?? region ?? '', means: row('mean'), lows: row('min'), highs: row('max') };
  });
  return { times, curves };
}
