import { expect, it } from 'vitest';
import { nodesSchema } from './bacalhau/bacalhau-answers.js';
import { nodesByRegion, unschedulableNodes } from './edge-nodes.js';

const node = (NodeID: string, region: string, engines: string[] | null = ['wasm']) =>
  nodesSchema.parse([
    {
      Info: {
        NodeID,
        NodeType: 'Compute',
        Labels: { type: 'edge', region },
        ComputeNodeInfo: { ExecutionEngines: engines },
      },
      ConnectionState: { Status: 'CONNECTED' },
    },
  ])[0]!;

it('counts only nodes that can run a sensor, and says why others can not', () => {
  const nodes = [node('a', 'north'), node('b', 'north', ['docker']), node('c', 'south', null)];
  expect([...nodesByRegion(nodes, undefined)]).toEqual([['north', { connected: 1, disconnected: 0 }]]);
  expect(unschedulableNodes(nodes)).toEqual([
    { node: 'b', reason: 'it has no WASM engine' },
    { node: 'c', reason: 'it has no WASM engine' },
  ]);
  expect(() => nodesByRegion(nodes, ['south'])).toThrow(/no edge node that can run a sensor in region south/);
});

it.each(['../../../../tmp/x', '..', 'a/b', 'a b', 'ä', 'x'.repeat(64)])('takes the label %s for no region', (label) => {
  expect(node('n', label)).toMatchObject({ region: '', unschedulable: expect.stringContaining('region=') });
});
it.each(['us', 'eu-west-1', 'a.b_c'])('takes the label %s for a region', (label) => {
  expect(node('n', label)).toMatchObject({ region: label });
  expect(unschedulableNodes([node('n', label)])).toEqual([]);
});
