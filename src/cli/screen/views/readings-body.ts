/** Readings and other messages as they arrive, the newest below. */
import type { MessageEvent, ReadingEvent } from '../../../fleet/fleet-events.js';
import { escapeControls } from '../../../lib/control-characters.js';
import { valueTexts } from '../../output/fleet-text.js';
import { type Style, swatch } from '../../output/terminal-text.js';
import { cut, sized } from '../cells.js';
import { matches } from '../selection.js';
import { clockTime, type Picture } from './picture.js';

export function readingsBody({ data, state, style, width, height }: Picture): string[] {
  const all = (state.held ?? data.readings).filter((event) => isShown(event, state.filter));
  const end = Math.max(Math.min(height, all.length), all.length - state.scrolled);
  const shown = all.slice(Math.max(0, end - height), end);
  if (shown.length === 0) return [style.dim(state.filter === '' ? 'no readings yet' : 'no reading matches the filter')];
  return readingLines(shown, width, style);
}

export const readingLines = (events: (ReadingEvent | MessageEvent)[], width: number, style: Style): string[] =>
  events.map((event) => cut(readingLine(event, width, style), width));

function readingLine(event: ReadingEvent | MessageEvent, width: number, style: Style): string {
  const time = style.dim(clockTime(event.received_at));
  if (event.event === 'message') return `${time} ${escapeControls(JSON.stringify(event.message))}`;
  const { region, hostname, icon_name, color, sequence, values } = event.reading;
  const narrow = width < 60;
  return [
    ...[time, sized(escapeControls(region), narrow ? 2 : 6), sized(escapeControls(hostname), narrow ? 9 : 16)],
    ...[sized(escapeControls(icon_name), 2), colorText(escapeControls(color), narrow, style), `#${sequence}`],
    ...(event.late ? [style.yellow('late')] : []),
    ...valueTexts(values),
  ].join(' ');
}

/** Narrow: the colour's name in its own colour, without a block. */
function colorText(color: string, narrow: boolean, style: Style): string {
  if (!narrow || style.level === 0) return swatch(style, color);
  return /^#[0-9a-f]{6}$/i.test(color) ? style.hex(color)(color) : color;
}

function isShown(event: ReadingEvent | MessageEvent, filter: string): boolean {
  if (filter === '') return true;
  if (event.event === 'message') return matches(filter, JSON.stringify(event.message));
  const { region, hostname, color, execution_id } = event.reading;
  return matches(filter, region, hostname, color, execution_id);
}
