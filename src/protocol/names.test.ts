import { expect, test } from 'vitest';
import { hostKey, INVISIBLE_CHARACTER } from './names.js';

test.each(['Edge-EU-1', ' edge-eu-1', 'edge-eu-1\u00a0', 'edge -eu-1', '\uff45dge-eu-1', 'EDGE-EU-1\u3000'])(
  '%j is the host edge-eu-1',
  (name) => {
    expect(hostKey(name)).toBe('edge-eu-1');
  },
);

test('other names are other hosts, and one name has one key however it is encoded', () => {
  expect(new Set(['edge-eu-1', 'edge-eu-11', 'edge_eu_1', 'edge.eu.1'].map(hostKey)).size).toBe(4);
  expect(hostKey('caf\u00e9')).toBe(hostKey('cafe\u0301'));
  expect(new Set(['ΑΣ', 'ας', 'ασ'].map(hostKey)).size).toBe(1);
  expect(new Set(['straße', 'STRASSE', 'STRAẞE'].map(hostKey)).size).toBe(1);
});

test.each(['\u200b', '\u200d', '\u2060', '\ufeff', '\u{e0041}', '\u00ad', '\ufe0f', '\u3164', '\u2800'])(
  '%j is not seen',
  (character) => {
    expect(INVISIBLE_CHARACTER.test(`edge${character}`)).toBe(true);
  },
);

test.each(['edge-eu-1', 'Zürich', '東京', '\u00a0', '🌡'])('%j is seen', (name) => {
  expect(INVISIBLE_CHARACTER.test(name)).toBe(false);
});
