/** The whole screen as lines: at most as many as the terminal has, each at most as wide. Pure. */
import { printable } from '../../lib/control-characters.js';
import { scopeText } from '../../protocol/desired-config.js';
import { asciiOnly, cellsOf, cut, pad, wrapped } from '../output/cells.js';
import { withCommandName } from '../output/command-name.js';
import { countText, partsText } from '../output/terminal-text.js';
import type { Picture } from './list.js';
import { BINDINGS } from './screen-state.js';
import { clockTime, targetOf, VIEW_NAMES, VIEWS } from './views.js';

/** Smaller terminals show only that they are too small. */
const LEAST_WIDTH = 40;
const LEAST_ROWS = 12;
/** Lines around the body: title, views, note, keys. */
const AROUND = 4;
/** Notes are shown so long; the view of alerts keeps them. */
const NOTE_MS = 15_000;
/** Summaries come every second: after so long without one the puller does not answer. */
const SILENT_AFTER_MS = 4000;
/** Cells of the title beside the address. */
const LEAST_TITLE = 45;

export const bodyHeight = (rows: number): number => Math.max(1, rows - AROUND);

export function frame(picture: Picture): string[] {
  const { state, width, rows, style, unicode } = picture;
  if (width < LEAST_WIDTH || rows < LEAST_ROWS) {
    const text = `too small: needs ${LEAST_WIDTH}x${LEAST_ROWS}, is ${width}x${rows}`;
    const lines = wrapped(text, width, 0).split('\n').slice(0, rows);
    return lines.map((line) => cut(line, width));
  }
  const height = bodyHeight(rows);
  const help = [...BINDINGS.map((binding) => binding.help), ...WORDS].flatMap(([word, meaning]) =>
    wrapped(`${word.padEnd(14)}${meaning}`, width, 14).split('\n'),
  );
  const body = state.help ? help : VIEWS[state.view].draw(picture, height);
  const filled = Array.from({ length: height }, (_, row) => body[row] ?? '');
  const below = [viewsLine(picture), ...filled, noteLine(picture), keysLine(picture)].map((line) =>
    withCommandName(line),
  );
  const lines = [titleLine(picture), ...below].map((line) => cut(printable(line, style.level > 0), width));
  return unicode ? lines : lines.map(asciiOnly);
}

function titleLine({ data, style, kind, page, now, width }: Picture): string {
  const { summary, firing, stats, heardAt } = data;
  const { live = 0, silent = 0, rate = 0, gaps = 0, unaccounted = 0 } = summary?.total ?? {};
  const cutOff = summary?.regions.reduce((sum, region) => sum + (region.cut ? region.silent : 0), 0) ?? 0;
  const silentFor = now - heardAt;
  const dead = stats?.deadLetters ?? 0;
  const problems = partsText(
    silentFor > SILENT_AFTER_MS && `no answer for ${Math.round(silentFor / 1000)} s`,
    (summary?.missing ?? []).length > 0 && 'a part is missing',
    firing.size > 0 && countText(firing.size, 'ALERT'),
    gaps > 0 && countText(gaps, 'gap'),
    unaccounted > 0 && `${unaccounted} unaccounted`,
    cutOff > 0 && `${cutOff} cut off`,
    silent > cutOff && `${silent - cutOff} silent`,
    dead > 0 && countText(dead, 'dead letter'),
  );
  const trouble = problems === '' ? style.green('ok') : style.red(`! ${problems}`);
  const left = (name: string) => `${style.bold(name)}  ${live} live  ${rate.toFixed(1)}/s  `;
  const fits = (line: string, room: number) => cellsOf(line + trouble) <= room;
  const [long, short] = [left(`wasm-sensors ${kind}`), left(kind)];
  const room = width - cellsOf(page) - 2;
  // The address stays, and the least of the problems goes.
  if (page === '' || (!fits(short, room) && room < LEAST_TITLE)) return (fits(long, width) ? long : short) + trouble;
  const begin = fits(long, room) ? long : short;
  return pad(begin + cut(trouble, room - cellsOf(begin)), room + 2) + style.dim(page);
}

function viewsLine({ state: { view, filter }, width, style }: Picture): string {
  const names = VIEW_NAMES.map((name, i) => {
    if (name === view) return style.inverse(`[${i + 1}:${name}]`);
    return width < 60 ? ` ${i + 1} ` : ` ${i + 1}:${name} `;
  });
  return `${names.join('')}${filter === '' ? '' : `  filter: ${filter}`}`;
}

/** The question or the input that waits; else why a key did nothing, or what is waited for; else the newest note while it is new. */
function noteLine({ data, state, style, now, width }: Picture): string {
  if (state.question) return style.bold(`${cut(state.question.text, width - 6)} [y/n]`);
  if (state.input) {
    const { what, scope, text } = state.input;
    const label = what === 'filter' ? 'filter' : `change ${scopeText(scope)} (color=#00ff88)`;
    return `${style.bold(`${label}:`)} ${text}▏`;
  }
  if (state.hint !== undefined) return style.yellow(state.hint);
  if (data.progress !== '') return style.dim(`… ${data.progress}`);
  const note = data.happened.findLast(({ kind }) => kind === 'note');
  return note && now - note.at <= NOTE_MS ? style.yellow(`${clockTime(note.at)} ${note.text}`) : '';
}

/** The keys of the view, as many as fit; `?` has all. */
function keysLine({ data, state, style, attached, width }: Picture): string {
  if (state.question) return style.dim('y yes  n no');
  if (state.input?.problem !== undefined) return style.red(state.input.problem);
  if (state.input) return style.dim(state.input.what === 'filter' ? 'Enter keep  Esc clear' : 'Enter set  Esc cancel');
  const canAct = targetOf(state, data).scope !== undefined;
  const keys = BINDINGS.flatMap(({ short, acts = false }) => (short !== undefined && (canAct || !acts) ? [short] : []));
  let line = '';
  for (const key of [...keys, attached ? 'Ctrl-C leaves' : 'Ctrl-C stops everything']) {
    const longer = line === '' ? key : `${line}  ${key}`;
    if (cellsOf(longer) > width) break;
    line = longer;
  }
  return style.dim(line);
}

/** Those that the views use. */
const WORDS = [
  ['', ''],
  ['gaps', 'readings that are missing, though later ones have arrived'],
  ['waiting', 'readings that sensors or relays keep until they can deliver them'],
  ['unaccounted', 'what a sensor may have taken before it ended, and never came'],
  ['late', 'readings that arrived after later ones of their sensor: no loss'],
  ['duplicates', 'readings that arrived again, and count once'],
  ['silent', 'a sensor that has not sent for longer than its interval explains'],
  ['', ''],
  ['elsewhere', 'wasm-sensors deploy publisher | tail | status | down'],
] as const;
