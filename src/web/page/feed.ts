/** The newest readings, at a rate that people can follow. */
import type { MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import { paint, safeColor } from './color.js';
import { byId, create, setText } from './dom.js';
import { draw } from './draw.js';
import { clock, valueTexts } from './format.js';
import { valueNode } from './tiles.js';

const ROWS = 10;
/** Nobody can read faster. Readings in between are counted, but not shown. */
const EVERY_MS = 500;
const AT_ONCE = 3;
/** Sensors often send at the same moment. */
const MAX_WAITING = 2 * AT_ONCE;

const waiting: (ReadingEvent | MessageEvent)[] = [];
let drawnAt = 0;
let frozen = false;
let leftOut = 0;

export function feed(event: ReadingEvent | MessageEvent): void {
  waiting.push(event);
  if (waiting.length > MAX_WAITING) {
    waiting.shift();
    leftOut++;
  }
  draw();
}

export function drawFeed(now: number): void {
  if (waiting.length === 0 || frozen) return;
  draw();
  if (now - drawnAt < EVERY_MS) return;
  drawnAt = now;
  const list = byId('feed');
  for (const event of waiting.splice(0, AT_ONCE))
    list.prepend(event.event === 'reading' ? readingRow(event) : messageRow(event));
  while (list.children.length > ROWS) list.lastElementChild?.remove();
}

function readingRow({ reading, received_at, late }: ReadingEvent): HTMLElement {
  const values = valueTexts(reading.values).map(valueNode);
  const color = create('code', '', safeColor(reading.color) ?? 'no colour');
  return create(
    'li',
    '',
    create('time', '', clock(received_at)),
    paint(create('span', 'swatch', reading.icon_name), reading.color),
    create('b', '', reading.hostname),
    create('span', 'region', reading.region),
    create('span', 'values', ...(values.length > 0 ? values : [color])),
    create('span', late ? 'warn' : 'dim', `#${reading.sequence}${late ? ' late' : ''}`),
  );
}

function messageRow({ message, received_at }: MessageEvent): HTMLElement {
  const text = JSON.stringify(message).slice(0, 300);
  const time = create('time', '', clock(received_at));
  return create('li', 'message', time, create('b', '', 'message'), create('code', '', text));
}

/** Shows whether readings were left out since the last call. */
export function showSampled(): void {
  setText(byId('sampled'), leftOut > 0 && !frozen ? 'a sample' : '');
  leftOut = 0;
}

/** Connects the button that freezes the feed. */
export function listenToFreeze(): void {
  const button = byId('freeze');
  button.addEventListener('click', () => {
    frozen = !frozen;
    button.setAttribute('aria-pressed', String(frozen));
    draw();
  });
}
