/** All keys. */
import { cut } from '../cells.js';
import type { Picture } from './picture.js';

const KEYS = [
  ['1-5 Tab ←→', 'fleet, sensors, readings, alerts, services'],
  ['↑↓ PgUp PgDn', 'select or scroll; Home, End: first, last'],
  ['Enter Esc', 'more of the selection; back'],
  ['/', 'filter sensors and readings'],
  ['c i p', 'colour, interval, pause of the selection'],
  ['d', 'disconnect or reconnect its region'],
  ['o', 'open the page in a browser'],
  ['q Ctrl-C', 'quit (q asks before others lose something)'],
  ['', ''],
  ['elsewhere', 'wasm-sensors deploy publisher | tail | status | down'],
] as const;

export const helpBody = ({ width, height }: Picture): string[] =>
  KEYS.map(([keys, what]) => cut(`${keys.padEnd(13)}${what}`, width)).slice(0, height);
