import { expect, test } from 'vitest';
import type { Scope } from '../../protocol/desired-config.js';
import { sensorView } from '../../test/support/fake-network.js';
import type { ConfigTarget } from './config-target.js';
import { readConfig } from './read-config.js';

const state = { version: 7, fleet: { version: 7, color: '#00ff88' }, regions: {}, hosts: {} };

test('what is desired is shown with the sensors of the scope that are there', async () => {
  const sensors = [
    sensorView('edge-eu-1'),
    ...(['paused', 'silent', 'gone', 'replaced'] as const).map((name) =>
      sensorView(`edge-eu-${name}`, { state: name }),
    ),
    sensorView('edge-us-1'),
  ];
  const asked: unknown[] = [];
  const target = {
    proxies: [{ url: 'http://p', state: async () => state }],
    fleet: {
      snapshot: async () => ({ sensors }),
      convergence: async (...given: unknown[]) => {
        asked.push(given);
        return { sensors: 3 };
      },
    },
    jobs: () => Promise.reject(new Error('the network is gone')),
  } as unknown as ConfigTarget;
  const hosts = async (scope: Scope) => (await readConfig(target, scope)).sensors.map(({ hostname }) => hostname);
  expect(await hosts({ region: 'eu' })).toEqual(['edge-eu-1', 'edge-eu-paused', 'edge-eu-silent']);
  expect(await hosts({ hostname: 'edge-us-1' })).toEqual(['edge-us-1']);
  expect(asked[0]).toEqual([state, { region: 'eu' }, { jobs: undefined }]);
});
