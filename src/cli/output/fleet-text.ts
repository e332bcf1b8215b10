/** The fleet view as text: its summary as a table, its events as lines. */
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { escapeControls } from '../../lib/control-characters.js';
import type { MeasuredValues } from '../../protocol/measured-values.js';
import { pad } from './cells.js';
import { alertText } from './puller-text.js';
import { type Column, table } from './table.js';
import { type Style, swatch } from './terminal-text.js';

type Counts = FleetSummary['total'];

export interface RegionRow {
  /** Undefined: the whole fleet. */
  region: string | undefined;
  name: string;
  counts: Counts;
  colors: string;
}

/** A row for each region, and one for all. `links`: by region, what is wrong with the links of its nodes. */
export function regionRows(
  { regions, total }: Pick<FleetSummary, 'regions' | 'total'>,
  style: Style,
  links: ReadonlyMap<string, string> = new Map(),
): RegionRow[] {
  const rows = regions.map((counts): RegionRow => {
    const { region, cut, colors } = counts;
    const problem = links.get(region) ?? (cut ? 'cut off' : '');
    const name = escapeControls(region) + (problem === '' ? '' : ` (${style.red(problem)})`);
    const texts = colors.map(({ color, sensors }) => `${swatch(style, escapeControls(color))} × ${sensors}`);
    return { region, name, counts, colors: texts.join('  ') };
  });
  return [...rows, { region: undefined, name: 'all', counts: total, colors: '' }];
}

export const rateColumn = (head: string): Column<RegionRow> => ({
  head,
  right: true,
  of: ({ counts }) => counts.rate.toFixed(1),
});

export const regionColumns = (style: Style, ...rates: Column<RegionRow>[]): Column<RegionRow>[] => [
  { head: 'region', least: 10, of: ({ name }) => name },
  { head: 'sensors', least: 6, of: ({ counts }) => sensorsText(counts, style) },
  ...rates,
  { head: 'received', right: true, rank: 4, of: ({ counts }) => String(counts.received) },
  { head: 'gaps', right: true, rank: 3, of: ({ counts: { gaps } }) => (gaps > 0 ? style.red(String(gaps)) : '0') },
  { head: 'late', right: true, rank: 6, of: ({ counts }) => String(counts.late) },
  { head: 'duplicates', right: true, rank: 7, of: ({ counts }) => String(counts.duplicates) },
  { head: 'colours', rank: 8, least: 12, of: ({ colors }) => colors },
];

export function summaryTable(summary: FleetSummary, style: Style, links?: ReadonlyMap<string, string>): string {
  const rows = regionRows(summary, style, links);
  return table(rows.length > 2 ? rows : rows.slice(0, 1), regionColumns(style, rateColumn('readings/s')), {
    style,
  }).join('\n');
}

function sensorsText({ live, paused, silent }: Counts, style: Style): string {
  const parts = [`${live} live`];
  if (paused > 0) parts.push(`${paused} paused`);
  if (silent > 0) parts.push(style.red(`${silent} silent`));
  return parts.join(', ');
}

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23);

/** Such as `temperature 3.98`, for each measured value. */
export const valueTexts = (values: MeasuredValues = {}): string[] =>
  Object.entries(values).map(([name, value]) => `${name} ${value}`);

/** A line for a reading, a message or an alert; undefined for a summary. */
export function eventLine(event: FleetEvent, style: Style): string | undefined {
  switch (event.event) {
    case 'reading': {
      const { region, hostname, icon_name, color, sequence, values } = event.reading;
      const sensor = `${pad(region, 3)} ${pad(hostname, 12)} ${icon_name}  ${swatch(style, color)}  #${sequence}`;
      return `${style.dim(clock(event.received_at))}  ${sensor}${valueTexts(values)
        .map((text) => `  ${text}`)
        .join('')}${event.late ? style.yellow('  late') : ''}`;
    }
    case 'message':
      return `${style.dim(clock(event.received_at))}  ${JSON.stringify(event.message)}`;
    case 'alert':
      return `${style.dim(clock(event.at))}  ${event.firing ? style.red('alert') : style.green('over ')}  ${alertText(event)}`;
    case 'summary':
      return undefined;
  }
}
