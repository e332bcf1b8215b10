import { expect, test } from 'vitest';
import { freeBackbone } from './backbone.js';

test.each([
  [[], '10.213.90'],
  [['172.17.0.0/16', 'fd00::/64'], '10.213.90'],
  [['10.0.0.0/16'], '10.213.90'],
  [['10.213.90.0/24'], '10.213.91'],
  [['10.213.91.128/25', '10.213.90.0/30'], '10.213.92'],
  [['10.213.64.0/19'], '10.213.96'],
])('beside %j it is %s', (taken, prefix) => {
  expect(freeBackbone(taken)).toBe(prefix);
});

test.each(['10.213.0.0/16', '10.208.0.0/12', '10.0.0.0/8', '0.0.0.0/0'])('%s leaves no room', (subnet) => {
  expect(() => freeBackbone([subnet])).toThrow(expect.objectContaining({ code: 'SUBNET_IN_USE' }));
});
