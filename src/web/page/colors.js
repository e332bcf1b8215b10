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
  const named = allDiffer ? [] : colors.map(({ color, sensors }) => ({ color, sensors, text: color }));
  const rest = others > 0 ? [{ color: '', sensors: others, text: 'other colours' }] : [];
  const parts = allDiffer ? [{ color: '', sensors: live, text: 'each in a colour of its own' }] : [...named, ...rest];
  for (const [i, bar] of resize(find(node, '.bars'), parts.length, () => create('span', '')).entries()) {
    const { color = '', sensors = 0 } = parts[i] ?? {};
    paint(bar, safeColor(color));
    bar.style.flexGrow = String(sensors);
  }
  for (const [i, row] of resize(find(node, '.colors'), parts.length, () => create('li', '')).entries()) {
    const { color = '', sensors = 0, text = '' } = parts[i] ?? {};
    paint(row, safeColor(color));
    setText(row, allDiffer ? text : `${text || 'no colour'} × ${whole(sensors)}`);
  }
}
