/** Lets a host send no more readings, or again: at every proxy, because each refuses by its own list. */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import type { ProxyClient } from '../proxy/proxy-client.js';

/** Rejects with `REVOKE_INCOMPLETE`, naming the proxies that did not take it. */
export async function revokeSensor(proxies: ProxyClient[], hostname: string, revoked: boolean): Promise<void> {
  const results = await Promise.allSettled(proxies.map((proxy) => proxy.revoke(hostname, revoked)));
  const details = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
  if (details.length === 0) return;
  throw new AppError('REVOKE_INCOMPLETE', `${details.length} of ${proxies.length} proxies did not take the change`, {
    details,
    hint: 'Run it again when they answer.',
  });
}
