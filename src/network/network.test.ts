import { expect, it } from 'vitest';
import { type ExecutionInfo, newestByNode } from './network.js';

const execution = (id: string, node: string, state: ExecutionInfo['state']): ExecutionInfo => ({
  ...{ id, node, state, message: '' },
});

it('only the newest execution of a node shows its state; older ones name what replaced them', () => {
  const lost = execution('e-1', 'edge-eu-1', 'failed');
  const other = execution('e-2', 'edge-eu-2', 'running');
  const now = execution('e-3', 'edge-eu-1', 'running');
  const { newest, replaced } = newestByNode([lost, other, now]);
  expect(newest).toEqual([now, other]);
  expect(replaced).toEqual([{ ...lost, by: 'e-3' }]);
});
