/** The whole screen as lines: at most as many as the terminal has, each at most as wide. Pure. */
import { printable } from '../../lib/control-characters.js';
import { scopeText } from '../../protocol/desired-config.js';
import { asciiOnly, cellsOf, cut, pad, wrapped } from '../output/cells.js';
import { withCommandName } from '../output/command-name.js';
import { countText, type Style } from '../output/terminal-text.js';
import { alertsView, readingsView } from './event-views.js';
import { fleetView } from './fleet-view.js';
import { sensorsView, servicesView } from './list-views.js';
import type { ScreenData } from './screen-data.js';
import { type ScreenState, VIEWS, type ViewName } from './screen-state.js';
import { clockTime, type View } from './view.js';

export interface Size {
  columns: number;
  rows: number;
}

export interface FrameInput {
  data: ScreenData;
  state: ScreenState;
  size: Size;
  style: Style;
  /** The terminal shows characters beyond ASCII. */
  unicode: boolean;
  /** Kind of network. */
  kind: string;
  /** Address of the page; '' where there is none. */
  page: string;
  /** What Ctrl-C does. */
  interrupt: string;
  /** Unix milliseconds. */
  now: number;
}

/** Smaller terminals show only that they are too small. */
const SMALLEST: Size = { columns: 40, rows: 12 };
/** Lines around the body: title, views, note, keys. */
const AROUND = 4;
/** Notes are shown so long; the view of alerts keeps them. */
const NOTE_MS = 15_000;
/** Summaries come every second: after so long without one the puller does not answer. */
const SILENT_AFTER_MS = 4000;

const BODIES: Record<ViewName, (view: View) => string[]> = {
  fleet: fleetView,
  sensors: sensorsView,
  readings: readingsView,
  alerts: alertsView,
  services: servicesView,
};

export const bodyHeight = ({ rows }: Size): number => Math.max(1, rows - AROUND);

export function frame(input: FrameInput): string[] {
  const { size, state, style, unicode, data, now } = input;
  const { columns: width, rows } = size;
  if (width < SMALLEST.columns || rows < SMALLEST.rows) return tooSmall(size);
  const height = bodyHeight(size);
  const body = (state.help ? help : BODIES[state.view])({ data, state, style, width, height, now });
  const filled = [...body.slice(0, height), ...Array<string>(Math.max(0, height - body.length)).fill('')];
  const lines = [titleLine(input), viewsLine(state, width, style), ...filled, noteLine(input), keysLine(input)];
  const fitted = lines.map((line) => cut(withCommandName(printable(line, style.level > 0)), width));
  return unicode ? fitted : fitted.map(asciiOnly);
}

function tooSmall({ columns, rows }: Size): string[] {
  const text = `too small: needs ${SMALLEST.columns}x${SMALLEST.rows}, is ${columns}x${rows}`;
  return wrapped(text, columns, 0)
    .split('\n')
    .slice(0, rows)
    .map((line) => cut(line, columns));
}

function titleLine({ data, style, kind, page, now, size: { columns: width } }: FrameInput): string {
  const { summary, firing, stats, heardAt } = data;
  const { live, silent, rate, gaps } = summary?.total ?? { live: 0, silent: 0, rate: 0, gaps: 0 };
  const cutOff = summary?.regions.reduce((sum, region) => sum + (region.cut ? region.silent : 0), 0) ?? 0;
  const silentFor = now - heardAt;
  const dead = stats?.deadLetters ?? 0;
  const problems = [
    ...(silentFor > SILENT_AFTER_MS ? [`no answer for ${Math.round(silentFor / 1000)} s`] : []),
    ...(firing.size > 0 ? [countText(firing.size, 'ALERT')] : []),
    ...(gaps > 0 ? [countText(gaps, 'gap')] : []),
    ...(cutOff > 0 ? [`${cutOff} cut off`] : []),
    ...(silent > cutOff ? [`${silent - cutOff} silent`] : []),
    ...(dead > 0 ? [countText(dead, 'dead letter')] : []),
  ];
  const trouble = problems.length > 0 ? style.red(`! ${problems.join(', ')}`) : style.green('ok');
  const left = (name: string) => `${style.bold(name)}  ${live} live  ${rate.toFixed(1)}/s  `;
  const fits = (line: string, room: number) => cellsOf(line + trouble) <= room;
  const [long, short] = [left(`wasm-sensors ${kind}`), left(kind)];
  const room = width - cellsOf(page) - 2;
  // The address stays, and the least of the problems goes.
  if (page === '' || (!fits(short, room) && room < LEAST_TITLE)) return (fits(long, width) ? long : short) + trouble;
  const begin = fits(long, room) ? long : short;
  return pad(begin + cut(trouble, room - cellsOf(begin)), room + 2) + style.dim(page);
}

/** Cells of the title beside the address. */
const LEAST_TITLE = 45;

function viewsLine({ view, filter }: ScreenState, width: number, style: Style): string {
  const names = VIEWS.map((name, i) => {
    if (name === view) return style.inverse(`[${i + 1}:${name}]`);
    return width < 60 ? ` ${i + 1} ` : ` ${i + 1}:${name} `;
  });
  return `${names.join('')}${filter === '' ? '' : `  filter: ${filter}`}`;
}

/** The question or the input that waits; else what is waited for; else the newest note while it is new. */
function noteLine({ data, state, style, now, size: { columns: width } }: FrameInput): string {
  if (state.question) return style.bold(`${cut(state.question.text, width - 6)} [y/n]`);
  if (state.input) {
    const { what, scope, text } = state.input;
    const label = what === 'filter' ? 'filter' : `${what} for ${scopeText(scope)} (${EXAMPLES[what]})`;
    return `${style.bold(`${label}:`)} ${text}▏`;
  }
  if (data.progress !== '') return style.dim(`… ${data.progress}`);
  const note = data.notes.at(-1);
  if (!note || now - note.at > NOTE_MS) return '';
  return style.yellow(`${clockTime(note.at)} ${note.text}`);
}

const EXAMPLES = { color: '#00ff88', interval: 'seconds' };

/** The keys of the view, as many as fit; `?` has all. */
function keysLine({ state, style, interrupt, size: { columns: width } }: FrameInput): string {
  if (state.question) return style.dim('y yes  n no');
  if (state.input?.problem !== undefined) return style.red(state.input.problem);
  if (state.input) return style.dim(state.input.what === 'filter' ? 'Enter keep  Esc clear' : 'Enter set  Esc cancel');
  const keys = ['? help', 'q quit', ...KEYS[state.view], 'o page', `Ctrl-C ${interrupt}`];
  let line = '';
  for (const key of keys) {
    const longer = line === '' ? key : `${line}  ${key}`;
    if (cellsOf(longer) > width) break;
    line = longer;
  }
  return style.dim(line);
}

const CHANGE = ['c colour', 'i interval', 'p pause', 'd disconnect'];
const KEYS: Record<ViewName, string[]> = {
  fleet: ['/ filter', '↑↓ select', ...CHANGE],
  sensors: ['/ filter', '↑↓ select', 'Enter more', ...CHANGE],
  readings: ['/ filter', '↑↓ scroll'],
  alerts: ['/ filter', '↑↓ scroll'],
  services: ['/ filter', '↑↓ select', 'Enter log'],
};

const HELP = [
  ['1-5 Tab ←→', 'fleet, sensors, readings, alerts, services'],
  ['↑↓ PgUp PgDn', 'select or scroll; Home, End: first, last'],
  ['Enter Esc', 'more of the selection; back'],
  ['/', 'filter what is shown'],
  ['c i p', 'colour, interval, pause of the selection'],
  ['d', 'disconnect or reconnect its region'],
  ['o', 'open the page in a browser'],
  ['q Ctrl-C', 'quit (q asks before others lose something)'],
  ['', ''],
  ['gaps', 'readings that are missing, though later ones of their sensor have arrived'],
  ['late', 'readings that arrived after later ones of their sensor: no loss'],
  ['duplicates', 'readings that arrived again, and count once'],
  ['silent', 'a sensor that has not sent for longer than its interval explains'],
  ['', ''],
  ['elsewhere', 'wasm-sensors deploy publisher | tail | status | down'],
] as const;

/** All keys, and the words that the views use. */
const help = ({ width, height }: View): string[] =>
  HELP.flatMap(([word, meaning]) => wrapped(`${word.padEnd(14)}${meaning}`, width, 14).split('\n')).slice(0, height);
