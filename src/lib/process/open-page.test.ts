import { expect, test } from 'vitest';
import { openPage } from './open-page.js';

test('without a screen no program is started that would take this terminal', () => {
  expect(openPage('http://127.0.0.1:1', { platform: 'linux', env: {} })).toBe(false);
});
