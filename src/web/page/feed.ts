/** The newest readings, at a rate that people can follow. */
import type { MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import { paint, safeColor } from './color.js';
import { byId, create, find, setText, stampFilled } from './dom.js';
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
  const { icon_name: icon, hostname: host, region, color, sequence } = reading;
  const number = `#${sequence}${late ? ' late' : ''}`;
  const row = stampFilled('reading-template', { time: clock(received_at), icon, host, region, number });
  paint(find(row, '.swatch'), color);
  find(row, '.dim').classList.toggle('warn', late);
  const values = valueTexts(reading.values).map(valueNode);
  const instead = create('code', '', safeColor(color) ?? 'no colour');
  find(row, '.values').replaceChildren(...(values.length > 0 ? values : [instead]));
  return row;
}

const messageRow = ({ message, received_at }: MessageEvent): HTMLElement =>
  stampFilled('message-template', { time: clock(received_at), text: JSON.stringify(message).slice(0, 300) });

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
