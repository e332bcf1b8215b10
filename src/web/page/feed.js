/** The newest readings, at a rate that people can follow. */
/** @import { MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js' */
import { paint, safeColor } from './color.js';
import { byId, create, setText, trim } from './dom.js';
import { clock } from './format.js';
import { draw } from './frames.js';
import { valueNode, valueTexts } from './values.js';

const ROWS = 10;
/** Nobody can read faster. Readings in between are counted, but not shown. */
const EVERY_MS = 500;
const AT_ONCE = 3;
/** Sensors often send at the same moment. */
const MAX_WAITING = 2 * AT_ONCE;

/** @type {(ReadingEvent | MessageEvent)[]} */
const waiting = [];
let drawnAt = 0;
let paused = false;
let leftOut = 0;

/** @param {ReadingEvent | MessageEvent} event */
export function feed(event) {
  waiting.push(event);
  if (waiting.length > MAX_WAITING) {
    waiting.shift();
    leftOut++;
  }
  draw();
}

/**
 * See frames.js.
 * @param {number} now
 */
export function drawFeed(now) {
  if (waiting.length === 0 || paused) return false;
  if (now - drawnAt < EVERY_MS) return true;
  drawnAt = now;
  const list = byId('feed');
  for (const event of waiting.splice(0, AT_ONCE))
    list.prepend(event.event === 'reading' ? readingRow(event) : messageRow(event));
  trim(list, ROWS);
  return waiting.length > 0;
}

/** @param {ReadingEvent} event */
function readingRow({ reading, received_at, late }) {
  const row = create('li', '');
  const icon = create('span', 'swatch', reading.icon_name);
  const color = safeColor(reading.color);
  paint(icon, color);
  const values = valueTexts(reading.values).map(([name, text]) => valueNode(name, text));
  const measured = create('span', 'values');
  measured.append(...(values.length > 0 ? values : [create('code', '', color ?? 'no colour')]));
  row.append(
    create('time', '', clock(received_at)),
    icon,
    create('b', '', reading.hostname),
    create('span', 'region', reading.region),
    measured,
    create('span', late ? 'warn' : 'dim', late ? `#${reading.sequence} late` : `#${reading.sequence}`),
  );
  return row;
}

/** @param {MessageEvent} event */
function messageRow({ message, received_at }) {
  const row = create('li', 'message');
  const text = JSON.stringify(message).slice(0, 300);
  row.append(create('time', '', clock(received_at)), create('b', '', 'message'), create('code', '', text));
  return row;
}

/** Shows whether readings were left out since the last call. */
export function showSampled() {
  setText(byId('sampled'), leftOut > 0 && !paused ? 'a sample' : '');
  leftOut = 0;
}

/** Connects the button that pauses the feed. */
export function listenToPause() {
  const button = byId('pause');
  button.addEventListener('click', () => {
    paused = !paused;
    button.setAttribute('aria-pressed', String(paused));
    draw();
  });
}
