/** What happens to processes and networks, as text for people. */
import type { ChildEvent } from '../../lib/process/supervisor.js';
import type { NetworkEvent } from '../../network/provider.js';

/** Lines worth keeping on the screen; undefined for what is only progress. */
export function noteOf(event: ChildEvent | NetworkEvent): string | undefined {
  switch (event.type) {
    case 'child.exited': {
      const last = event.lastLines.length > 0 ? `; last words: ${event.lastLines.join(' / ')}` : '';
      return `${event.name} ended (${event.how}); starting it again in ${event.restartInMs} ms${last}`;
    }
    case 'child.restarted':
      return `${event.name} runs again (pid ${event.pid})`;
    case 'change.lost':
      return `which processes run can't be written down (${event.reason}); they run on`;
    case 'network.port-moved':
      return `port ${event.wanted} is in use: the ${event.purpose} is on ${event.port}`;
    case 'network.note':
      return event.text;
    case 'child.ready':
    case 'network.progress':
      return undefined;
  }
}

export function progressOf(event: ChildEvent | NetworkEvent): string | undefined {
  if (event.type === 'child.ready') return `${event.name} is ready`;
  // One thing that is done is not counted.
  if (event.type === 'network.progress')
    return event.total > 1 ? `${event.step}: ${event.done}/${event.total}` : event.step;
  return undefined;
}
