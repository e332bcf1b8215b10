/** The depth of the queue, and its dead letters: the newest, why they are there, and how they are sent again. */
import type { DeadLettersView } from '../../puller/controls/fleet-controls.js';
import { byId, fill, find, setText, stampFilled } from './dom.js';
import { clock, countText, whole } from './format.js';
import { ask } from './session.js';

const DEPTH_EVERY_MS = 2_000;
const LETTERS_SHOWN = 5;

interface Stats {
  depth?: { visible: number; inFlight: number; delayed: number };
  deadLetters?: number;
  /** Where there is more than one. */
  shards?: { shard: number; puller?: string }[];
}

export function listenToQueue(): void {
  byId('show-letters').addEventListener('click', () => void loadLetters());
  setInterval(() => void loadDepth(), DEPTH_EVERY_MS);
  void loadDepth();
}

/** Unless the page is hidden. */
async function loadDepth(): Promise<void> {
  if (document.hidden) return;
  // Without an answer the state of the connection already shows it.
  const { answer } = await ask<Stats>('stats');
  if (!answer) return;
  const { depth, deadLetters, shards = [] } = answer;
  const inFlight = depth?.inFlight ? `${whole(depth.inFlight)} in flight` : '';
  const waiting = depth && whole(depth.visible + depth.delayed);
  fill(byId('totals'), waiting ? { waiting, inFlight } : { waiting: '?', inFlight: 'does not answer' });
  showLetterCount(deadLetters);
  const pullers = new Map<string, number[]>();
  for (const { shard, puller = 'this puller' } of shards) pullers.set(puller, [...(pullers.get(puller) ?? []), shard]);
  setText(byId('pullers'), Array.from(pullers, ([puller, own]) => `${puller}: shards ${own.join(', ')}`).join(' · '));
}

/** 0: none, or not known. */
function showLetterCount(count = 0): void {
  const place = find(byId('totals'), '[data-f="deadLetters"]');
  setText(place, count === 0 ? '' : countText(count, 'dead letter'));
  place.classList.toggle('bad', count > 0);
  byId('letters').hidden = count === 0;
  if (count === 0) byId('letter-list').replaceChildren();
  setText(byId('letter-count'), `${countText(count, 'message')} could not be stored`);
}

/** Only when asked for: listing hides messages from others for a moment. */
async function loadLetters(): Promise<void> {
  const { answer, problem } = await ask<DeadLettersView>('fleet/dead-letters');
  if (!answer) {
    setText(byId('letters-problem'), problem);
    return;
  }
  const { letters, complete, seen } = answer;
  const shown = letters.slice(0, LETTERS_SHOWN);
  byId('letter-list').replaceChildren(...shown.map(letterRow));
  const newest = shown.length < seen ? `the newest ${shown.length} of ` : '';
  setText(byId('letters-problem'), `${newest}${complete ? seen : `the oldest ${seen}`}`);
}

function letterRow(letter: DeadLettersView['letters'][number]): HTMLElement {
  const { id, reason, exhausted, sentAt, region, hostname, body } = letter;
  const why = reason ?? (exhausted ? 'delivered too often and never deleted' : 'no reason given');
  const place = [region, hostname].filter(Boolean).join(' ');
  const replay = `npx wasm-sensors queue replay ${id}`;
  return stampFilled('letter-template', { time: clock(sentAt), why, place, body, replay });
}
