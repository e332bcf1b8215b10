/** Calls the control API of a running `up` from other terminals (`control-server.ts`). */
import { apiClient } from '../lib/errors/http-error.js';
import type { ControlHandlers } from './control-server.js';

/** Every call rejects with `UP_GONE`, or with the failure that `up` answered with. */
export function controlClient(url: string, token: string) {
  const call = apiClient(url, token, {
    code: 'UP_GONE',
    message: `the running \`up\` does not answer at ${url}`,
    hint: 'Run `wasm-sensors down`, then `wasm-sensors up`.',
  });
  return {
    async setRegionLink(region: string, connected: boolean): Promise<void> {
      await call('PUT', `/regions/${encodeURIComponent(region)}`, { connected });
    },
    async setEndpoints(change: Parameters<ControlHandlers['setEndpoints']>[0]): Promise<void> {
      await call('PATCH', '/endpoints', change);
    },
    async stop(): Promise<void> {
      await call('POST', '/stop');
    },
  };
}
