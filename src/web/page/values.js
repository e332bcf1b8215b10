/** What sensors measured, as texts and as nodes. */
/** @import { MeasuredValues } from '../../protocol/measured-values.js' */
import { create } from './dom.js';

/** @param {number} value */
const measured = (value) => String(Number(value.toPrecision(6)));

/**
 * @param {MeasuredValues | undefined} values
 * @returns {[name: string, text: string][]} such as `['temperature', '3.98']`
 */
export const valueTexts = (values) => Object.entries(values ?? {}).map(([name, value]) => [name, measured(value)]);

/** A name and a number. */
export function valueNode(name = '', text = '') {
  const node = create('span', 'value');
  node.append(create('span', 'what', `${name} `), create('span', 'much', text));
  return node;
}
