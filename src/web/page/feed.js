/** The newest readings, as many as can be followed. */
import { paint, safeColor } from './color.js';
import { byId, create, setText, trim } from './dom.js';
import { clock } from './format.js';
import { draw } from './frames.js';

const ROWS = 10;
/** Nobody can read faster; what comes between is left out here, not of the counts. */
const EVERY_MS = 200;
const AT_ONCE = 3;

let waiting = [];
let drawnAt = 0;
let paused = false;

/** `event`: of a reading, or of a message that is none. */
export function feed(event) {
  waiting.push(event);
  if (waiting.length > AT_ONCE) waiting.shift();
  draw();
}

/** See frames.js. */
export function drawFeed(now) {
  if (waiting.length === 0 || paused) return false;
  if (now - drawnAt < EVERY_MS) return true;
  drawnAt = now;
  const list = byId('feed');
  for (const event of waiting) list.prepend(event.event === 'reading' ? readingRow(event) : messageRow(event));
  trim(list, ROWS);
  waiting = [];
  return false;
}

function readingRow({ reading, received_at, late }) {
  const row = create('li', '');
  const icon = create('span', 'swatch', reading.icon_name);
  const color = safeColor(reading.color);
  paint(icon, color);
  row.append(
    create('time', '', clock(received_at)),
    icon,
    create('b', '', reading.region),
    create('span', '', reading.hostname),
    create('span', late ? 'warn' : 'dim', late ? `#${reading.sequence} late` : `#${reading.sequence}`),
    create('code', '', color ?? 'no colour'),
  );
  return row;
}

function messageRow({ message, received_at }) {
  const row = create('li', 'message');
  const text = JSON.stringify(message).slice(0, 300);
  row.append(create('time', '', clock(received_at)), create('b', '', 'message'), create('code', '', text));
  return row;
}

/** Says when readings come faster than they are shown. */
export function showSampled(rate) {
  setText(byId('sampled'), rate > (1000 / EVERY_MS) * AT_ONCE ? 'a sample' : '');
}

/** Lets the button hold the feed still. */
export function listenToPause() {
  const button = byId('pause');
  button.addEventListener('click', () => {
    paused = !paused;
    button.setAttribute('aria-pressed', String(paused));
    draw();
  });
}
