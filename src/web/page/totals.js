/** The counts of the whole fleet, the last minute's rate, and what waits in the queue. */
import { countTexts, markTroubles } from './counts.js';
import { byId, fill } from './dom.js';
import { whole } from './format.js';

const SPARK_SECONDS = 60;

const rates = [];

export function showTotals(total) {
  fill(byId('totals'), { ...countTexts(total), others: othersText(total) });
  markTroubles(byId('totals'), total);
}

function othersText({ paused, silent }) {
  const texts = [paused > 0 ? `${whole(paused)} paused` : '', silent > 0 ? `${whole(silent)} silent` : ''];
  return texts.filter(Boolean).join(', ');
}

/** To be called with the rate of every second. */
export function drawSpark(rate) {
  rates.push(rate);
  if (rates.length > SPARK_SECONDS) rates.shift();
  const highest = Math.max(1, ...rates);
  const points = rates.map((value, i) => `${SPARK_SECONDS - rates.length + i},${(1 - value / highest).toFixed(3)}`);
  byId('spark').setAttribute('d', rates.length > 1 ? `M${points.join('L')}` : '');
}

/** Asks the puller how much waits; nobody needs to know while the page is hidden. */
export async function askDepth() {
  if (document.hidden) return;
  try {
    const { depth } = await (await fetch('stats')).json();
    fill(byId('totals'), depthTexts(depth));
  } catch {
    // The connection's state says it already.
  }
}

function depthTexts(depth) {
  if (!depth) return { waiting: '?', inFlight: 'does not answer' };
  const inFlight = depth.inFlight > 0 ? `${whole(depth.inFlight)} in flight` : '';
  return { waiting: whole(depth.visible + depth.delayed), inFlight };
}
