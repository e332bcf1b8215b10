/** Hosts that may not send any more, kept in the state folder of the proxy, and `/sensors/revoked` (docs/protocol.md). */
import { Hono } from 'hono';
import { z } from 'zod';
import { readJsonBody } from '../lib/errors/http-error.js';
import { needsToken } from '../lib/net/bearer-token.js';
import { hostKey, INVISIBLE_CHARACTER } from '../protocol/names.js';
import { readStateFile, writeStateFile } from './desired-config-store.js';
import type { Change } from './shared-state.js';

export type RevokedHosts = ReturnType<typeof revocations>;

/**
 * @param path a JSON file; without it, the list is lost when the process exits
 * @throws `STATE_UNREADABLE` when the file is damaged: without it, revoked hosts could send again.
 */
export function revocations(path?: string) {
  const again = 'revoke the hosts again with `wasm-sensors sensors revoke`';
  const kept = readStateFile(path, z.array(z.string()), { holds: 'a list of hosts', again }) ?? [];
  /** Names as they were given, by {@link hostKey}. */
  const byKey = (names: string[]) => new Map(names.map((host) => [hostKey(host), host]));
  let hosts = byKey(kept);
  const list = () => [...hosts.values()].sort();

  function keep(next: typeof hosts): void {
    writeStateFile(path, [...next.values()]);
    hosts = next;
  }

  return {
    get list(): string[] {
      return list();
    },

    has: (host: string): boolean => hosts.has(hostKey(host)),

    /** Durable when this returns. Throws `STATE_UNWRITABLE`. */
    set(host: string, revoked: boolean): void {
      const next = new Map(hosts);
      if (revoked) next.set(hostKey(host), host);
      else next.delete(hostKey(host));
      keep(next);
    },

    /** Takes the whole list of another proxy. Throws `STATE_UNWRITABLE`. */
    replace(names: string[]): void {
      const next = byKey(names);
      if (JSON.stringify([...next.values()].sort()) !== JSON.stringify(list())) keep(next);
    },
  };
}

const isVisible = (name: string) => !INVISIBLE_CHARACTER.test(name);
/** `hostname`: as texts of readings may be; another name would revoke nobody. */
const revocationSchema = z.strictObject({
  hostname: z.string().min(1).max(256).refine(isVisible, { error: 'must not have invisible characters' }),
  revoked: z.boolean(),
});

export function revocationRoutes(hosts: RevokedHosts, change: Change, operatorToken: string | undefined): Hono {
  const app = new Hono();
  app.use('/sensors/*', needsToken(operatorToken, 'revoking sensors'));
  app.get('/sensors/revoked', (c) => c.json({ revoked: hosts.list }));
  app.patch('/sensors/revoked', async (c) => {
    const { hostname, revoked } = await readJsonBody(c, revocationSchema);
    await change((held) => held.revoked.set(hostname, revoked));
    return c.json({ revoked: hosts.list });
  });
  return app;
}
