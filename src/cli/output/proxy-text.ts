/** Events of the proxy as sentences. */
import type { ProxyEvent } from '../../proxy/proxy-events.js';
import { countText } from './terminal-text.js';

export function proxyText(event: ProxyEvent): string {
  switch (event.type) {
    case 'queue.failing':
      return `can't send to the queue, retrying: ${event.message}`;
    case 'queue.recovered':
      return 'sending to the queue again';
    case 'batch.sent':
      return `${countText(event.messages, 'message')} sent to the queue in ${event.ms} ms`;
    case 'request.refused':
      return `refused with ${event.status}: ${event.message}`;
  }
}
