/** The regions in numbers. */
/** @import { FleetSummary, RegionView } from '../../fleet/fleet-view.js' */
/** @import { Counts } from './format.js' */
import { paint, safeColor } from './color.js';
import { byId, create, fill, find, resize, setText, stamp } from './dom.js';
import { countTexts, markProblems, whole } from './format.js';

const MAX_COLORS = 3;

/** @typedef {Counts & Pick<RegionView, 'region' | 'colors'>} Row */

/**
 * @param {RegionView[]} regions the regions that are shown
 * @param {number} hidden how many others there are
 * @param {FleetSummary['total']} total
 */
export function showTable(regions, hidden, total) {
  setText(byId('more-regions'), hidden > 0 ? `and ${whole(hidden)} more, in the total only` : '');
  drawRows(byId('rows'), regions);
  drawRows(byId('foot'), [{ ...total, region: 'all', colors: [] }]);
}

/**
 * @param {HTMLElement} section
 * @param {Row[]} rows
 */
function drawRows(section, rows) {
  const nodes = resize(section, rows.length, () => stamp('row-template'));
  rows.forEach((row, i) => {
    drawRow(/** @type {HTMLElement} */ (nodes[i]), row);
  });
}

/**
 * @param {HTMLElement} node
 * @param {Row} row
 */
function drawRow(node, row) {
  fill(node, { ...countTexts(row), region: row.region });
  markProblems(node, row);
  const colors = row.colors.slice(0, MAX_COLORS);
  const few = colors.length < MAX_COLORS;
  const chips = resize(find(node, '.chips'), colors.length, () => create('span', ''));
  for (const [i, chip] of chips.entries()) {
    const { color = '', sensors = 0 } = colors[i] ?? {};
    paint(chip, safeColor(color));
    chip.title = color;
    setText(chip, `${few ? `${color} ` : ''}× ${whole(sensors)}`);
  }
}
