import { isLoopback } from '../../lib/net/browser-guard.js';
import { type Check, notNeeded, ok, problem } from '../check.js';

/** Whether nodes on other machines can reach the proxy, as far as that can be seen from here. */
export const proxyUrl: Check = {
  name: 'proxy URL',
  run(context) {
    const { settings, needs, up } = context;
    if (!needs?.requireProxy) return notNeeded(context);
    const { host, proxyPort, proxyUrl: given } = settings.values;
    const url = given ?? up?.endpoints.proxy ?? `http://${host}:${proxyPort}`;
    needs.requireProxy(url);
    const behind = given !== undefined && isLoopback(host);
    // A tunnel or a reverse proxy on this machine may well lead to loopback.
    if (!behind) return ok(url);
    const why = `${url} must lead to ${host}:${proxyPort}, which only this machine reaches`;
    return [
      problem(
        'warning',
        why,
        'Keep a tunnel or reverse proxy there, or listen for other machines with --host 0.0.0.0.',
      ),
    ];
  },
};
