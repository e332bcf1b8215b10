import { expect, test } from 'vitest';
import type { History, HistoryPoint } from '../../../store/history.js';
import { cellsOf } from '../cells.js';
import { styleFor } from '../terminal-text.js';
import { type ChartOptions, chartText } from './chart-text.js';

const PLAIN = styleFor(process.stdout, 'never');
/** A local time, so that the pictures are the same everywhere. */
const FROM = new Date(2026, 0, 5, 12).getTime();
const STEP = 5000;

/** Readings every 5 s of some sensors, one of which measures a spike for 10 s. */
function pointsAt(usual: number, spikeAt?: number): HistoryPoint[] {
  return Array.from({ length: 24 }, (_, i) => {
    const mean = usual + Math.sin(i / 4) / 2;
    const spike = spikeAt !== undefined && (i === spikeAt || i === spikeAt + 1);
    return { t: FROM + i * STEP, count: 10, min: mean - 0.2, max: spike ? usual + 9 : mean + 0.2, mean };
  });
}

const historyOf = (series: History['series']): History => ({
  ...{ metric: 'temperature', step: STEP, from: FROM, to: FROM + 24 * STEP, series },
});

const EU = historyOf([{ region: 'eu', points: pointsAt(4, 16) }]);
const THREE = historyOf([
  { region: 'as', points: pointsAt(7) },
  { region: 'eu', points: pointsAt(4, 16) },
  // Cut off for a while.
  { region: 'us', points: pointsAt(1).filter((_, i) => i < 8 || i > 15) },
]);

const picture = (history: History, look: Partial<ChartOptions> = {}) =>
  chartText(history, { columns: 80, rows: 23, style: PLAIN, unicode: true, ...look });

test('one region at 80x24: a spike of one sensor stands out', () => {
  expect(`\n${picture(EU)}\n`).toMatchInlineSnapshot(`
    "
    temperature  12:00:00 to 12:02:00, a point each 5s
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
    12 ┤                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
    10 ┤                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
     8 ┤                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
     6 ┤                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │                                                    ⡇  ⡇
       │    ⢀  ⢠ ⢀⣀⣆⣀⠤⡦⠤⠤⡧⠤⠤⢼⠤⠤⢼⠤⠤⢴⠤⢄⣀⣆⣀⣀⣄⡀ ⡀  ⢀            ⡇  ⡇
     4 ┤ ⢸⠤⠔⠺⠒⠊⠙⠉⠁ ⠃  ⠁           ⠈   ⠁  ⠃⠈⠉⠏⠉⠒⢺⠒⠤⢼⠤⣀⣰⣀⡀ ⡄  ⡇  ⡇            ⡀  ⡀  ⡄
       │                                          ⠈  ⠈ ⠈⠉⠋⠑⠒⠗⠒⠒⡗⠒⠒⢺⠒⠒⢺⠒⠒⢺⠒⠒⠒⠗⠒⠉⠏⠉⠉⠃
       └┬──────────────────┬──────────────────┬──────────────────┬─────────────────┬
    12:00:00           12:00:30           12:01:00           12:01:30       12:02:00
    ● eu  max 13 at 12:01:20  min 3.3 at 12:01:35  mean 4.006
    "
  `);
});

test('three regions without colours at 80x24, in ASCII', () => {
  expect(`\n${picture(THREE, { unicode: false })}\n`).toMatchInlineSnapshot(`
    "
    temperature  12:00:00 to 12:02:00, a point each 5s
       |                                                    :  :
    12 +                                                    :  :
       |                                                    :  :
       |                                                    :  :
    10 +                                                    :  :
       |                                                    :  :
     8 +                                                    :  :
       | : xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx :         :  :
       | xx :  :                            :  : xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
     6 +                                                    :  :
       |                 :  :  :                            :  :
     4 + +++++++++++++++++++++++++++++++++++++++++++ :   :  :  :                  :
       | :                                     :  : +++++++++++++++++++++++++++++++
       |
     2 +           :  :  : *****
       | ****************** :  :                            :  :  :  :  :   :  : **
       |                                                    ********************* :
       ++------------------+------------------+------------------+-----------------+
    12:00:00           12:00:30           12:01:00           12:01:30       12:02:00
    * us  max 1.699 at 12:00:30  min 0.3004 at 12:01:35  mean 0.9538
    + eu  max 13 at 12:01:20     min 3.3 at 12:01:35     mean 4.006
    x as  max 7.699 at 12:00:30  min 6.3 at 12:01:35     mean 7.006
    "
  `);
});

test('one region at 40x12', () => {
  expect(`\n${picture(EU, { columns: 40, rows: 11 })}\n`).toMatchInlineSnapshot(`
    "
    temperature
       │                        ⢸ ⡇
       │                        ⢸ ⡇
    10 ┤                        ⢸ ⡇
       │                        ⢸ ⡇
       │                        ⢸ ⡇
     5 ┤      ⢀ ⡀⢀ ⡀⢀ ⡀         ⢸ ⡇
       │⠸⠒⠓⠙⠉⠋⠉⠉⠉⠉⠉⠉⠉⠉⠋⠙⠑⠓⠚⠒⠖⠴⠤⠦⢼⠤⡧⢤⠤⡤⢤⠤⡤⢴⠤⠆
       └┬─────────────────┬────────────────┬
      12:00             12:01          12:02
    ● eu  max 13 at 12:01:20
    "
  `);
});

test('three regions with colours: each line has the colour of its legend, and the bars are paler', () => {
  const style = styleFor(process.stdout, 'always');
  const colored = picture(THREE, { style });
  const legend = colored.split('\n').slice(-3);
  for (const [i, color] of ['\u001b[36m', '\u001b[33m', '\u001b[35m'].entries()) {
    expect(legend[i]).toContain(`${color}●`);
    expect(colored.split('\n').slice(1, -5).join('\n')).toContain(color);
  }
  expect(colored).toContain('\u001b[2m\u001b[33m');
});

test.each([
  [20, 7],
  [40, 11],
  [80, 23],
  [81, 24],
  [200, 60],
])('it fits %d columns and %d rows', (columns, rows) => {
  for (const history of [EU, THREE]) {
    for (const unicode of [true, false]) {
      const lines = picture(history, { columns, rows, unicode }).split('\n');
      expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 9));
      expect(lines.filter((line) => cellsOf(line) > columns)).toEqual([]);
    }
  }
});

test('without Unicode there is only ASCII', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ASCII is.
  expect(picture(THREE, { unicode: false })).toMatch(/^[\x00-\x7f]*$/);
});

test('more regions than the legend has room for are counted', () => {
  const many = historyOf(Array.from({ length: 12 }, (_, i) => ({ region: `r${i}`, points: pointsAt(i) })));
  expect(picture(many)).toMatch(/… 6 more$/);
});

test('a single point is drawn', () => {
  const one = historyOf([{ region: 'eu', points: [{ t: FROM + STEP, count: 1, min: 4, max: 4, mean: 4 }] }]);
  expect(picture(one, { unicode: false })).toContain('*');
});

test('where nothing arrived for a while the line has a gap; sensors that send rarely have none', () => {
  const rows = (points: HistoryPoint[]) =>
    picture(historyOf([{ region: 'eu', points }]), { unicode: false, rows: 12 })
      .split('\n')
      .slice(1, 9);
  const columnsWithMarks = (points: HistoryPoint[]) => {
    const lines = rows(points);
    return Array.from({ length: 80 }, (_, x) => (lines.some((line) => line[x] === '*') ? '*' : ' '))
      .join('')
      .trim();
  };
  const all = pointsAt(4);
  expect(columnsWithMarks(all.filter((_, i) => i < 8 || i > 15))).toMatch(/^\*+ {20,}\*+$/);
  expect(columnsWithMarks(all.filter((_, i) => i % 4 === 0))).toMatch(/^\*+$/);
});

test('regions are in the order that they have everywhere', () => {
  const at = (region: string) => ({ region, points: [{ t: FROM, count: 1, min: 1, mean: 1, max: 2 }] });
  const legend = picture(historyOf([at('as'), at('eu'), at('us')]))
    .split('\n')
    .slice(-3);
  expect(legend.map((line) => line.split(' ')[1])).toEqual(['us', 'eu', 'as']);
});
