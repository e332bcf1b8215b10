/** Log lines as text and as JSON. */
import type { LogLine } from '../../operations/logs/read-logs.js';
import { pad } from './cells.js';
import type { Style } from './terminal-text.js';

const COLORS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red' } as const;

/** `width`: of the column of services. The day is shown where it is not today's; times are UTC, as everywhere. */
export function logText({ time, service, level, text }: LogLine, style: Style, width: number): string {
  const at = new Date(time).toISOString();
  const isToday = at.slice(0, 10) === new Date().toISOString().slice(0, 10);
  const clock = isToday ? at.slice(11, 23) : at.slice(0, 23).replace('T', ' ');
  return `${style.dim(clock)}  ${pad(service, width)}  ${style[COLORS[level]](`${level.padEnd(5)}  ${text}`)}`;
}

export const logDocument = ({ time, ...line }: LogLine) => ({ time: new Date(time).toISOString(), ...line });
