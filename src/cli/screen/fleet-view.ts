/** The fleet by region, with rates as sparklines; below, the newest readings. */
import { type RegionRow, rateColumn, regionColumns, regionRows } from '../output/fleet-text.js';
import { NO_SENSORS_YET } from '../output/up-text.js';
import { readingLines } from './event-views.js';
import { selectedIndex, shownReadings, shownRegions } from './selection.js';
import { sparkline } from './sparkline.js';
import { selectableTable, type View } from './view.js';

export function fleetView(view: View): string[] {
  const { data, state, width, height, style } = view;
  if (data.summary?.regions.length === 0 && data.progress === '') return [NO_SENSORS_YET];
  if (!data.summary || data.summary.regions.length === 0) return [style.dim('no readings yet')];
  // Each bar is a second.
  const seconds = width < 60 ? 8 : width < 100 ? 16 : 30;
  const bars = ({ region = '' }: RegionRow) => style.cyan(sparkline(data.rates.get(region) ?? [], seconds));
  const rows = regionRows({ regions: shownRegions(state, data), total: data.summary.total }, style);
  const columns = regionColumns(style, rateColumn('/s'), { head: 'rate', rank: 2, of: bars });
  const table = selectableTable(view, { rows, selected: selectedIndex(state, data), columns, height });
  const left = height - table.length - 1;
  return left < 1 ? table : [...table, '', ...readingLines(shownReadings(state, data).slice(-left), width, style)];
}
