/** The fleet's summary as a table. */
import type { ChalkInstance } from 'chalk';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { swatch } from './terminal-style.js';
import { table } from './text-table.js';

const HEAD = ['region', 'sensors', 'readings/s', 'received', 'gaps', 'late', 'duplicates', 'colours'];

export function summaryTable(
  { regions, total }: FleetSummary,
  style: ChalkInstance,
  links: Record<string, string> = Object.create(null),
): string {
  const sensors = (r: { live: number; paused: number; silent: number }) =>
    [`${r.live} live`, r.paused ? `${r.paused} paused` : '', r.silent ? style.red(`${r.silent} silent`) : '']
      .filter(Boolean)
      .join(', ');
  const marked = (text: string) => (text === '' ? '' : ` (${style.red(text)})`);
  const gaps = (count: number) => (count > 0 ? style.red(String(count)) : '0');
  const rows = regions.map((r) => [
    r.region + marked(links[r.region] ?? (r.cut ? 'cut off' : '')),
    sensors(r),
    r.rate.toFixed(1),
    String(r.received),
    gaps(r.gaps),
    String(r.late),
    String(r.duplicates),
    r.colors.map(({ color, sensors }) => `${swatch(style, color)} × ${sensors}`).join('  '),
  ]);
  if (regions.length > 1) {
    rows.push([
      'all',
      sensors(total),
      total.rate.toFixed(1),
      String(total.received),
      gaps(total.gaps),
      String(total.late),
      String(total.duplicates),
      '',
    ]);
  }
  return table([HEAD.map((word) => style.dim(word)), ...rows], [2, 3, 4, 5, 6]);
}
