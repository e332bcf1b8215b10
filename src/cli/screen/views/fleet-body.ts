/** The fleet by region, with rates as sparklines; below, the newest readings. */
import type { FleetSummary, RegionView } from '../../../fleet/fleet-view.js';
import { escapeControls } from '../../../lib/control-characters.js';
import { swatch } from '../../output/terminal-text.js';
import { columns } from '../columns.js';
import { selectedIndex } from '../selection.js';
import { sparkline } from '../sparkline.js';
import { type Picture, rowsAround } from './picture.js';
import { readingLines } from './readings-body.js';

export function fleetBody(picture: Picture): string[] {
  const { data, width, height, style } = picture;
  const { summary } = data;
  if (!summary || summary.regions.length === 0) {
    return [style.dim('no readings yet'), 'run `wasm-sensors deploy publisher` in another terminal'];
  }
  const [head, ...rows] = regionRows(picture, summary);
  const shown = rowsAround(rows, selectedIndex(picture.state, data), Math.max(1, height - 1));
  const table = [style.dim(head!), ...shown];
  const left = height - table.length - 1;
  return left < 1 ? table : [...table, '', ...readingLines(data.readings.slice(-left), width, style)];
}

function regionRows({ state, data, width, style }: Picture, summary: FleetSummary): string[] {
  const selected = selectedIndex(state, data);
  // Each bar is a second.
  const seconds = width < 60 ? 8 : width < 100 ? 16 : 30;
  const all: (RegionView | undefined)[] = [...summary.regions, undefined];
  const cells = (of: (counts: RegionView | FleetSummary['total']) => string) =>
    all.map((region) => of(region ?? summary.total));
  const flag = (count: number) => (count > 0 ? style.red(`${count}!`) : '0');
  return columns(
    [
      { head: '', rank: 1, cells: all.map((_, i) => (i === selected ? '>' : ' ')) },
      {
        ...{ head: 'region', rank: 1, grows: 10 },
        cells: all.map((region) => (region ? regionText(region, style) : style.bold('all'))),
      },
      { head: 'live', rank: 1, right: true, cells: cells(({ live }) => String(live)) },
      { head: 'paused', rank: 5, right: true, cells: countCells(all, summary, 'paused') },
      {
        ...{ head: 'silent', rank: 2, right: true },
        cells: countCells(all, summary, 'silent').map((cell) => (Number(cell) > 0 ? style.red(`${cell}!`) : cell)),
      },
      { head: '/s', rank: 1, right: true, cells: cells(({ rate }) => rate.toFixed(1)) },
      {
        ...{ head: 'rate', rank: 2 },
        cells: all.map((region) => style.cyan(sparkline(data.rates.get(region?.region ?? '') ?? [], seconds))),
      },
      { head: 'received', rank: 4, right: true, cells: cells(({ received }) => String(received)) },
      { head: 'gaps', rank: 3, right: true, cells: cells(({ gaps }) => flag(gaps)) },
      { head: 'late', rank: 6, right: true, cells: cells(({ late }) => String(late)) },
      { head: 'dup', rank: 7, right: true, cells: cells(({ duplicates }) => String(duplicates)) },
      { head: 'colours', rank: 8, grows: 12, cells: all.map((region) => (region ? colorsText(region, style) : '')) },
    ],
    width,
  );
}

/** Empty texts where no sensor is in that state; a column of empty texts is left out. */
const countCells = (all: (RegionView | undefined)[], { total }: FleetSummary, of: 'paused' | 'silent'): string[] =>
  all.map((region) => (total[of] > 0 ? String((region ?? total)[of]) : ''));

const regionText = ({ region, cut }: RegionView, style: Picture['style']) =>
  `${escapeControls(region)}${cut ? style.red(' cut off') : ''}`;

const colorsText = ({ colors }: RegionView, style: Picture['style']) =>
  colors.map(({ color, sensors }) => `${swatch(style, escapeControls(color))} × ${sensors}`).join('  ');
