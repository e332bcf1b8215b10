/** How many live sensors of a region have each colour. */
/** @import { PanelCounts } from './panel.js' */
import { paint, safeColor } from './color.js';
import { create, find, resize, setText } from './dom.js';
import { whole } from './format.js';

/**
 * @param {HTMLElement} node with a bar and a list
 * @param {Pick<PanelCounts, 'live' | 'colors'>} counts
 */
export function showColors(node, { live, colors }) {
  const others = live - colors.reduce((sum, { sensors }) => sum + sensors, 0);
  // A list of colours that one sensor each has would say nothing.
  const allDiffer = others > 0 && colors[0]?.sensors === 1;
  setText(find(node, '.differ'), allDiffer ? 'all in different colours' : '');
  const rest = others > 0 ? [{ color: 'other colours', sensors: others }] : [];
  const parts = allDiffer ? [] : [...colors, ...rest];
  for (const [i, bar] of resize(find(node, '.bars'), parts.length > 1 ? parts.length : 0, () =>
    create('span', ''),
  ).entries()) {
    const { color = '', sensors = 0 } = parts[i] ?? {};
    paint(bar, safeColor(color));
    bar.style.flexGrow = String(sensors);
  }
  for (const [i, row] of resize(find(node, '.colors'), parts.length, () => create('li', '')).entries()) {
    const { color = '', sensors = 0 } = parts[i] ?? {};
    paint(row, safeColor(color));
    setText(row, (color || 'no colour') + (parts.length > 1 ? ` × ${whole(sensors)}` : ''));
  }
}
