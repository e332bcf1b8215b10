import { expect, it } from 'vitest';
import { literally } from './native-provider.js';

it('leaves a path no meaning but its own', () => {
  expect(literally('/srv/a=b [1]/{x}*?\\')).toBe('/srv/a=b \\[1\\]/\\{x\\}\\*\\?\\\\');
});
