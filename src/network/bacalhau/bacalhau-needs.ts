/** What networks need of the user's `bacalhau`, for `doctor`. */
import type { Settings } from '../../config/settings.js';
import type { BacalhauNeeds } from '../provider.js';
import { createBacalhauClient } from './bacalhau-client.js';
import { findBacalhau } from './find-bacalhau.js';

/** Nothing of these answers in time where the program hangs. */
const TIMEOUT_MS = 10_000;

/** The program alone. */
export function programNeeds({ bacalhau }: Settings): BacalhauNeeds {
  const find = () => findBacalhau(bacalhau);
  return {
    find,
    async programVersion(folder) {
      const api = { host: '127.0.0.1', port: 1234 };
      const client = createBacalhauClient({ path: find(), stateDir: folder, api, timeoutMs: TIMEOUT_MS });
      return (await client.clientVersion()).text;
    },
  };
}
