/** The guided tour where real Bacalhau nodes run the sensors. */
import { expect, test } from 'vitest';
import { COMPOSE_ENV, composeMissing, docker } from '../support/compose-support.js';
import { runWholeDemo } from '../support/demo-suite.js';

test('compose: every step sees what it must see, and nothing is left', async (context) => {
  const missing = composeMissing();
  if (missing !== undefined) context.skip(missing);
  await runWholeDemo('compose', 1, COMPOSE_ENV);
  const label = `label=com.docker.compose.project=${COMPOSE_ENV.COMPOSE_PROJECT_NAME}-demo`;
  const left = await Promise.all([
    docker('ps', '--all', '--quiet', '--filter', label),
    docker('network', 'ls', '--quiet', '--filter', label),
    docker('volume', 'ls', '--quiet', '--filter', label),
  ]);
  expect(left).toEqual(['', '', '']);
}, 450_000);
