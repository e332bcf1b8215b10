/** Dead letters: the newest of them, why they are there, and how they are sent again. Looked at only when asked for. */
import { byId, create, setText } from './dom.js';
import { clock, whole } from './format.js';

const SHOWN = 5;

/** @typedef {{ id: string, reason?: string, exhausted: boolean, sentAt: number, region?: string, hostname?: string, body: string }} Letter */

export function listenToLetters() {
  byId('show-letters').addEventListener('click', () => void load());
}

/** @param {number | undefined} count undefined: not known */
export function showLetterCount(count) {
  byId('letters').hidden = !count;
  if (!count) byId('letter-list').replaceChildren();
  setText(byId('letter-count'), `${whole(count ?? 0)} ${count === 1 ? 'message' : 'messages'} could not be stored`);
}

async function load() {
  setText(byId('letters-problem'), '');
  const answer = await fetch('fleet/dead-letters').catch(() => undefined);
  const body = await answer?.json();
  if (!answer?.ok) {
    setText(
      byId('letters-problem'),
      body ? `${body.error.message} (${body.error.code})` : 'the puller does not answer',
    );
    return;
  }
  const { letters, complete, seen } = body;
  const shown = /** @type {Letter[]} */ (letters).slice(0, SHOWN);
  byId('letter-list').replaceChildren(...shown.map(letterRow));
  const newest = shown.length < seen ? `the newest ${shown.length} of ` : '';
  setText(byId('letters-problem'), `${newest}${complete ? seen : `the ${seen} that were looked at`}`);
}

/** @param {Letter} letter */
function letterRow({ id, reason, exhausted, sentAt, region, hostname, body }) {
  const row = create('li', '');
  const why = reason ?? (exhausted ? 'delivered too often and never deleted' : 'no reason given');
  const from = [region, hostname].filter(Boolean).join(' ');
  const replay = create('code', '', `wasm-sensors queue replay ${id}`);
  row.append(create('time', 'dim', clock(sentAt)), create('b', '', why), create('span', 'dim', from));
  row.append(create('code', 'body', body), replay);
  return row;
}
