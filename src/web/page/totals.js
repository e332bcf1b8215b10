/** The counts of the whole fleet, and the depth of the queue. */
/** @import { FleetSummary } from '../../fleet/fleet-view.js' */
import { byId, fill } from './dom.js';
import { countTexts, markProblems, whole } from './format.js';
import { showLetterCount } from './letters.js';

/** @param {FleetSummary['total']} total */
export function showTotals(total) {
  fill(byId('totals'), { ...countTexts(total), others: othersText(total) });
  markProblems(byId('totals'), total);
}

/** @param {FleetSummary['total']} total */
function othersText({ paused, silent }) {
  const texts = [paused > 0 ? `${whole(paused)} paused` : '', silent > 0 ? `${whole(silent)} silent` : ''];
  return texts.filter(Boolean).join(', ');
}

/** Loads the depth of the queue, unless the page is hidden. */
export async function loadDepth() {
  if (document.hidden) return;
  try {
    const answer = await fetch('stats');
    // The session is over: the puller shows its sign-in form.
    if (answer.status === 401) location.reload();
    const { depth, deadLetters } = await answer.json();
    showLetterCount(deadLetters);
    fill(byId('totals'), { ...depthTexts(depth), ...deadLetterTexts(deadLetters) });
    byId('totals')
      .querySelector('[data-f="deadLetters"]')
      ?.classList.toggle('bad', deadLetters > 0);
  } catch {
    // The state of the connection already shows it.
  }
}

/** @param {number | undefined} count undefined: not known */
function deadLetterTexts(count) {
  return { deadLetters: count ? `${whole(count)} dead ${count === 1 ? 'letter' : 'letters'}` : '' };
}

/** @param {{ visible: number, inFlight: number, delayed: number } | undefined} depth */
function depthTexts(depth) {
  if (!depth) return { waiting: '?', inFlight: 'does not answer' };
  const inFlight = depth.inFlight > 0 ? `${whole(depth.inFlight)} in flight` : '';
  return { waiting: whole(depth.visible + depth.delayed), inFlight };
}
