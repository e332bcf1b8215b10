/** What sensors measured, as texts and as nodes. */
/** @import { MeasuredValues } from '../../protocol/measured-values.js' */
import { create } from './dom.js';

const MAX_PADDING = 3;

/**
 * Decimals of the values of a name, the most so far: `4` next to `3.98` is shown as `4.00`.
 * @type {Map<string, number>}
 */
const decimals = new Map();

/**
 * @param {MeasuredValues | undefined} values
 * @returns {[name: string, text: string][]} such as `['temperature', '3.98']`
 */
export const valueTexts = (values) => Object.entries(values ?? {}).map(([name, value]) => [name, textOf(name, value)]);

/**
 * @param {string} name
 * @param {number} value
 */
function textOf(name, value) {
  const text = String(Number(value.toPrecision(6)));
  if (text.includes('e')) return text;
  const own = text.split('.')[1]?.length ?? 0;
  const most = Math.max(own, decimals.get(name) ?? 0);
  decimals.set(name, most);
  return value.toFixed(Math.max(own, Math.min(most, MAX_PADDING)));
}

/** A name and a number. */
export function valueNode(name = '', text = '') {
  const node = create('span', 'value');
  node.append(create('span', 'what', `${name} `), create('span', 'much', text));
  return node;
}
