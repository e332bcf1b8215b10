/** The fleet view as text: its summary as a table, its events as lines. */
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import type { MeasuredValues } from '../../protocol/measured-values.js';
import { alertText } from './puller-text.js';
import { pad, type Style, swatch, table, terminalWidth } from './terminal-text.js';

const HEAD = ['region', 'sensors', 'readings/s', 'received', 'gaps', 'late', 'duplicates', 'colours'];
const NUMBERS = [2, 3, 4, 5, 6];
/** Colours, duplicates, late. */
const LEAST = [7, 6, 5];

type Counts = FleetSummary['total'];

/** `links`: by region, what is wrong with the links of its nodes. */
export function summaryTable(
  { regions, total }: FleetSummary,
  style: Style,
  links: ReadonlyMap<string, string> = new Map(),
): string {
  const row = (name: string, counts: Counts, colors: string) => [
    name,
    sensorsText(counts, style),
    counts.rate.toFixed(1),
    String(counts.received),
    counts.gaps > 0 ? style.red(String(counts.gaps)) : '0',
    String(counts.late),
    String(counts.duplicates),
    colors,
  ];
  const rows = regions.map((region) => {
    const problem = links.get(region.region) ?? (region.cut ? 'cut off' : '');
    const name = problem === '' ? region.region : `${region.region} (${style.red(problem)})`;
    const colors = region.colors.map(({ color, sensors }) => `${swatch(style, color)} × ${sensors}`);
    return row(name, region, colors.join('  '));
  });
  if (regions.length > 1) rows.push(row('all', total, ''));
  return table([HEAD.map((word) => style.dim(word)), ...rows], NUMBERS, { width: terminalWidth(), least: LEAST });
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
