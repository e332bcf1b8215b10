/** The logs of the state folder, whether or not something runs there. */
import { join, resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import type { LogsTarget } from '../operations/logs/read-logs.js';
import { openSession } from '../runtime/session.js';

export function logsTarget(settings: Settings): LogsTarget {
  return {
    folder: join(resolve(settings.stateDir), 'logs'),
    network: async () => {
      try {
        return await openSession(settings).network();
      } catch {
        // Nothing runs, or it is not ready: there are only files.
        return undefined;
      }
    },
  };
}
