/** Events of the fleet as lines of text. */
import type { ChalkInstance } from 'chalk';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import { alertText } from './puller-text.js';
import { swatch } from './terminal-style.js';
import { pad } from './text-table.js';

export const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23);

/** One line for a reading, a message or an alert; nothing for a summary. */
export function eventLine(event: FleetEvent, style: ChalkInstance): string | undefined {
  switch (event.event) {
    case 'reading': {
      const { reading: r, received_at: at, late } = event;
      const flag = late ? style.yellow('  late') : '';
      return `${style.dim(clock(at))}  ${pad(r.region, 3)} ${pad(r.hostname, 12)} ${r.icon_name}  ${swatch(style, r.color)}  #${r.sequence}${flag}`;
    }
    case 'message':
      return `${style.dim(clock(event.received_at))}  ${JSON.stringify(event.message)}`;
    case 'alert':
      return `${style.dim(clock(event.at))}  ${event.firing ? style.red('alert') : style.green('over ')}  ${alertText(event)}`;
    case 'summary':
      return undefined;
  }
}
