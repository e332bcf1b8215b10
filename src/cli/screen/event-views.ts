/** What arrives and happens, the newest below: readings, alerts and notes. */
import type { MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import { escapeControls } from '../../lib/control-characters.js';
import { cut, sized, wrapped } from '../output/cells.js';
import { valueTexts } from '../output/fleet-text.js';
import { alertText } from '../output/puller-text.js';
import { type Style, swatch } from '../output/terminal-text.js';
import type { ScreenData } from './screen-data.js';
import { matches, shownReadings } from './selection.js';
import { clockTime, scrolledTo, type View } from './view.js';

export function readingsView({ data, state, style, width, height }: View): string[] {
  const shown = scrolledTo(shownReadings(state, data), height, state.scrolled);
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
  const words = [
    time,
    sized(escapeControls(region), narrow ? 2 : 6),
    sized(escapeControls(hostname), narrow ? 9 : 16),
    sized(escapeControls(icon_name), 2),
    colorText(escapeControls(color), narrow, style),
    `#${sequence}`,
    ...valueTexts(values),
  ];
  if (event.late) words.push(style.yellow('late'));
  return words.join(' ');
}

/** Narrow: the colour's name in its own colour, without a block. */
function colorText(color: string, narrow: boolean, style: Style): string {
  if (!narrow || style.level === 0) return swatch(style, color);
  return /^#[0-9a-f]{6}$/i.test(color) ? style.hex(color)(color) : color;
}

/** Cells before the text of an event: its time and what it is. */
const INDENT = 15;

/** Alerts that fire, then what happened. */
export function alertsView({ data, state, style, width, height }: View): string[] {
  const firing = [...data.firing.values()].map((alert) =>
    style.red(sized(`ALERT ${clockTime(alert.at)} ${alertText(alert)}`, width)),
  );
  const summary = firing.length > 0 ? firing : [style.green('no alert is firing')];
  const left = height - summary.length - 1;
  if (left < 1) return summary.slice(0, height);
  const lines = past(data)
    .filter(({ text }) => matches(state.filter, text))
    .flatMap(({ at, sign, text }) =>
      wrapped(`${clockTime(at)} ${sized(sign, 5)} ${escapeControls(text)}`, width, INDENT).split('\n'),
    );
  return [
    ...summary,
    '',
    ...(lines.length > 0 ? scrolledTo(lines, left, state.scrolled) : [style.dim('nothing happened yet')]),
  ];
}

/** What happened, in order. */
function past({ alerts, notes }: ScreenData): { at: number; sign: string; text: string }[] {
  const told = alerts.map((alert) => ({ at: alert.at, sign: alert.firing ? 'alert' : 'over', text: alertText(alert) }));
  return [...told, ...notes.map((note) => ({ ...note, sign: 'note' }))].sort((a, b) => a.at - b.at);
}
