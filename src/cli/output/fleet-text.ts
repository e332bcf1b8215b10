/** The fleet view as text: its summary as a table, its events as lines. */
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary, RegionView } from '../../fleet/fleet-view.js';
import type { RelayView } from '../../fleet/relays.js';
import { escapeControls } from '../../lib/control-characters.js';
import type { MeasuredValues } from '../../protocol/measured-values.js';
import { pad } from './cells.js';
import { spanText } from './event-text.js';
import { type Column, table } from './table.js';
import { countText, partsText, type Style, swatch, terminalWidth } from './terminal-text.js';

/** A region, or without a name the whole fleet. */
export type RegionRow = FleetSummary['total'] & Partial<Pick<RegionView, 'region' | 'cut' | 'colors'>>;

/** Of the fleet with this `total`. `rate`: how that column is called; `more`: beside it. `links`: by region, what is wrong with the links of its nodes. */
export const regionColumns = (
  total: FleetSummary['total'] | undefined,
  style: Style,
  rate: string,
  more: Column<RegionRow>[] = [],
  links: ReadonlyMap<string, string> = new Map(),
): Column<RegionRow>[] => [
  {
    head: 'region',
    least: 10,
    of({ region, cut }) {
      if (region === undefined) return 'all';
      // The shorter one leaves room for the counts; the nodes have a line of their own.
      const problem = cut ? 'cut off' : (links.get(region) ?? '');
      return escapeControls(region) + (problem === '' ? '' : ` (${style.red(problem)})`);
    },
  },
  { head: 'sensors', least: 6, of: (counts) => sensorsText(counts, style) },
  { head: rate, right: true, of: (counts) => counts.rate.toFixed(1) },
  ...more,
  { head: 'received', right: true, rank: 4, of: ({ received }) => String(received) },
  { head: 'gaps', right: true, rank: 3, of: ({ gaps }) => (gaps > 0 ? style.red(String(gaps)) : '0') },
  // Only where there are some: most fleets keep nothing, and lose nothing.
  ...(total?.waiting ? [{ head: 'waiting', right: true, rank: 2, of: ({ waiting }: RegionRow) => `${waiting}` }] : []),
  ...(total?.unaccounted
    ? [{ head: 'unaccounted', right: true, rank: 2, of: (row: RegionRow) => unaccountedText(row, style) }]
    : []),
  { head: 'late', right: true, rank: 6, of: ({ late }) => String(late) },
  { head: 'duplicates', right: true, rank: 7, of: ({ duplicates }) => String(duplicates) },
  {
    head: 'colours',
    rank: 8,
    least: 12,
    of: ({ colors = [] }) =>
      colors.map(({ color, sensors }) => `${swatch(style, escapeControls(color))} × ${sensors}`).join('  '),
  },
];

/** A row for each region, and where there are several, one for all. */
export function summaryTable(
  { regions, total }: FleetSummary,
  style: Style,
  links?: ReadonlyMap<string, string>,
): string {
  const rows = regions.length > 1 ? [...regions, total] : regions;
  return table(rows, regionColumns(total, style, 'readings/s', [], links), { style }).join('\n');
}

/** A line for each relay. `now`: Unix milliseconds. */
export const relayLines = (relays: RelayView[], now: number, style: Style): string[] =>
  relays.map(({ name, region, backlog, oldest_ms, bytes, max_bytes, refused, heard_at, away }) => {
    const since = spanText(Math.max(0, now - heard_at));
    const known = [
      backlog > 0
        ? `keeps ${countText(backlog, 'reading')}, the oldest for ${spanText(oldest_ms)}`
        : 'keeps no readings',
      `${Math.round((100 * bytes) / Math.max(1, max_bytes))} % full`,
    ];
    const then = backlog > 0 ? `it kept ${countText(backlog, 'reading')} then` : 'its backlog is not known';
    const text = partsText(
      ...(away ? [style.red(`away: not heard for ${since}`), then] : known),
      refused > 0 && style.red(`${refused} given up: the proxy refuses them`),
      !away && `heard ${since} ago`,
    );
    return `${escapeControls(`${name} (${region})`)}: ${text}`;
  });

const unaccountedText = ({ unaccounted }: RegionRow, style: Style): string =>
  unaccounted > 0 ? style.red(`at most ${unaccounted}`) : '0';

const sensorsText = ({ live, paused, silent }: RegionRow, style: Style): string =>
  partsText(`${live} live`, paused > 0 && `${paused} paused`, silent > 0 && style.red(`${silent} silent`));

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23);

/** Such as `temperature 3.98`, for each measured value. */
export const valueTexts = (values: MeasuredValues = {}): string[] =>
  Object.entries(values).map(([name, value]) => `${name} ${value}`);

/** Narrower terminals show the time in seconds, and colours without their names. */
const WIDE = 100;

/** A line for a reading, a message or an alert; undefined for a summary. */
export function eventLine(event: FleetEvent, style: Style, width = terminalWidth() ?? WIDE): string | undefined {
  switch (event.event) {
    case 'reading': {
      const { region, hostname, icon_name, color, sequence, values } = event.reading;
      const isWide = width >= WIDE;
      const time = clock(event.received_at).slice(0, isWide ? undefined : -4);
      const sensor = `${pad(region, 3)} ${pad(hostname, 12)} ${icon_name}  ${swatch(style, color, isWide)}  #${sequence}`;
      const texts = [style.dim(time), sensor, ...valueTexts(values), ...(event.late ? [style.yellow('late')] : [])];
      return texts.join('  ');
    }
    case 'message':
      return `${style.dim(clock(event.received_at))}  ${JSON.stringify(event.message)}`;
    case 'alert':
      return `${style.dim(clock(event.at))}  ${event.firing ? style.red('alert') : style.green('over ')}  ${event.text}`;
    case 'summary':
      return undefined;
  }
}
