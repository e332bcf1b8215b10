/** The regions in numbers. */
import { paint, safeColor } from './color.js';
import { countTexts, markTroubles } from './counts.js';
import { byId, create, fill, resize, setText, stamp } from './dom.js';
import { whole } from './format.js';

const MAX_COLORS = 3;

/** `regions`: those that are shown; `hidden`: how many more there are; `total`: of all. */
export function showTable(regions, hidden, total) {
  setText(byId('more-regions'), hidden > 0 ? `and ${whole(hidden)} more, in the total only` : '');
  const rows = byId('rows');
  resize(rows, regions.length, newRow);
  regions.forEach((view, i) => {
    drawRow(rows.children[i], view);
  });
  const foot = byId('foot');
  resize(foot, 1, newRow);
  drawRow(foot.firstChild, { ...total, region: 'all', colors: [] });
}

const newRow = () => stamp('row-template');

function drawRow(row, view) {
  fill(row, { ...countTexts(view), region: view.region });
  markTroubles(row, view);
  const chips = row.querySelector('.chips');
  const colors = view.colors.slice(0, MAX_COLORS);
  const few = colors.length < MAX_COLORS;
  resize(chips, colors.length, () => create('span', ''));
  colors.forEach(({ color, sensors }, i) => {
    paint(chips.children[i], safeColor(color));
    chips.children[i].title = color;
    setText(chips.children[i], `${few ? `${color} ` : ''}× ${whole(sensors)}`);
  });
}
