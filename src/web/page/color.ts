/** Colours of sensors. Readings are untrusted, so colours are checked before they are used. */
import type { RegionView } from '../../fleet/fleet-view.js';
import { create, find, setText } from './dom.js';
import { whole } from './format.js';

/** `#rrggbb` in lower case, or undefined for anything else. */
export const safeColor = (color: string): string | undefined =>
  /^#[0-9a-f]{6}$/i.test(color) ? color.toLowerCase() : undefined;

/** Black or white, whichever is easier to read on this colour (WCAG relative luminance). */
function textColorOn(color: string): string {
  const light = (at: number) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * light(1) + 0.7152 * light(3) + 0.0722 * light(5) > 0.179 ? '#000000' : '#ffffff';
}

/** Gives a node a colour; what is none is hatched. */
export function paint<T extends HTMLElement>(node: T, untrusted: string): T {
  const color = safeColor(untrusted);
  if (node.dataset.color === (color ?? '')) return node;
  node.dataset.color = color ?? '';
  node.style.setProperty('--sensor', color ?? null);
  node.style.setProperty('--on-sensor', color ? textColorOn(color) : null);
  return node;
}

/** Shows how many live sensors of a region have each colour. `node` has a bar and a list. */
export function showColors(node: HTMLElement, { live, colors }: Pick<RegionView, 'live' | 'colors'>): void {
  const others = live - colors.reduce((sum, { sensors }) => sum + sensors, 0);
  const key = JSON.stringify([others, colors]);
  if (node.dataset.shown === key) return;
  node.dataset.shown = key;
  // A list of colours that one sensor each has would say nothing.
  const allDiffer = others > 0 && colors[0]?.sensors === 1;
  setText(find(node, '.differ'), allDiffer ? 'all in different colours' : '');
  const rest = others > 0 ? [{ color: 'other colours', sensors: others }] : [];
  const parts = allDiffer ? [] : [...colors, ...rest];
  const bars = parts.map(({ color, sensors }) => {
    const bar = paint(create('span'), color);
    bar.style.flexGrow = String(sensors);
    return bar;
  });
  find(node, '.bars').replaceChildren(...(bars.length > 1 ? bars : []));
  const items = parts.map(({ color, sensors }) =>
    paint(create('li', '', color || 'no colour', parts.length > 1 ? ` × ${whole(sensors)}` : ''), color),
  );
  find(node, '.colors').replaceChildren(...items);
}
