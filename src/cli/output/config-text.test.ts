import { expect, test } from 'vitest';
import { configDocument } from '../../operations/config/read-config.js';
import { desiredConfigStore } from '../../proxy/desired-config-store.js';
import { sensorView } from '../../test/support/fake-network.js';
import * as text from './config-text.js';
import { styleFor } from './terminal-text.js';

const plain = styleFor(process.stdout, 'never');
const seen = { sensors: 3, converged: 2, seconds: 0.25, hidden: [], revoked: [] };
const eu = { scope: { region: 'eu' }, fields: ['color' as const], sensors: 1 };
const failed = [{ url: 'http://p', reason: 'does not answer' }];

test('config set: saved, converged, or nobody to wait for', () => {
  const region = { region: 'mars' };
  expect(text.setConfigText({}, { version: 7, failed: [], seen })).toBe('2/3 sensors converged (0.3 s)');
  expect(text.setConfigText(region, { version: 7, failed: [], seen: { ...seen, sensors: 0 } })).toBe(
    'Saved for region mars; no active sensor matches',
  );
  expect(text.setConfigText(region, { version: 7, failed: [] })).toBe(
    'Saved for region mars (version 7); not waited for (--no-wait)',
  );
});

test('config set: what narrower scopes hide is no convergence, and says how to clear it', () => {
  const result = { version: 7, failed: [], seen: { ...seen, hidden: [eu] } };
  expect(text.setConfigText({}, result)).toBe('2/3 sensors follow (0.3 s)');
  expect(text.hiddenTexts([eu])).toEqual([
    'region eu has its own color; to clear it, run it again with --include-narrower',
  ]);
  const host = {
    scope: { hostname: 'h' },
    fields: ['emoji' as const, 'interval' as const, 'paused' as const],
    sensors: 1,
  };
  expect(text.hiddenTexts([eu, host])).toEqual([
    expect.stringMatching(/^region eu has its own color, host h has its own emoji, interval and paused; /),
  ]);
  expect(text.hiddenTexts(Array(7).fill(host))).toEqual([expect.stringMatching(/paused, 2 more; to clear it, /)]);
  expect(text.hiddenTexts([])).toEqual([]);
  expect(text.followText({ ...seen, converged: 1, hidden: [eu] })).toBe('1/3 sensors follow');
});

test('files and proxies', () => {
  const file = { sensors: 2, read: 1, hidden: [] };
  expect(text.fileSeenText('f', 'eu', file)).toBe('f: 1/2 sensors of region eu have applied it');
  expect(text.fileSeenText('f', 'eu', { ...file, hidden: ['color', 'paused'] })).toMatch(
    /applied it; color, paused: overridden by what `config set` has set; run `wasm-sensors config show` /,
  );
  expect(text.fileSeenText('f', 'eu', { ...file, sensors: 0 })).toBe('f saved; no active sensor in region eu');
  expect(text.failedProxyText(failed[0]!)).toBe('http://p did not take the change: does not answer');
});

const desired = desiredConfigStore();
desired.patch({ scope: {}, set: { color: '#00ff88', interval: 2 }, unset: [] }, 1000);
desired.patch({ scope: { hostname: 'edge-us-2' }, set: { paused: false }, unset: [] }, 2000);
const sources = { color: 'fleet', emoji: 'flag', random_off: 'default', interval: 'file', paused: 'default' };
const reported = { version: 1000, intervalMs: 2500, paused: true, file: 'bad', sources };
const sensors = [sensorView('edge-us-1', { color: '#00ff88', config: reported as never }), sensorView('edge-eu-1')];
const view = { desired: desired.state, holder: 'http://p', differing: [], convergence: seen as never, sensors };
const rows = (shown: typeof view) =>
  text
    .configText(shown, plain)
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, '|'));

test('config show: what is desired of every scope, and each value with its source', () => {
  expect(rows(view)).toEqual([
    'desired',
    expect.stringMatching(/^fleet\|color=#00ff88 interval=2\|version \d+$/),
    expect.stringMatching(/^host edge-us-2\|paused=false\|version \d+$/),
    '',
    '2/3 sensors converged',
    'region|host|state|color|emoji|random_off|interval|paused|file',
    'us|edge-us-1|live|#00ff88 (fleet)|🚀 (flag)|2.5 s (file)|yes|bad',
    expect.stringMatching(/^eu\|edge-eu-1\|live\|#000000 \(unknown\)\|🚀 \(unknown\)\|\(unknown\)\|.*\(unknown\)$/),
    'values without a source are defaults',
  ]);
  expect(configDocument(view).sensors).toMatchObject([
    { hostname: 'edge-us-1', reported, desired: { color: '#00ff88', interval: 2 } },
    { hostname: 'edge-eu-1', reported: null },
  ]);
});

test('config show: an empty configuration, one that was lost, and more sensors than a screen holds', () => {
  expect(rows({ ...view, desired: desiredConfigStore().state, sensors: [] })).toEqual([
    ...['desired', 'fleet|(nothing is set)', '', '2/3 sensors converged'],
  ]);
  expect(rows({ ...view, desired: { ...desired.state, lost: 9 } })).toContain(
    '3 sensors follow the configuration that was lost',
  );
  const many = (count: number) => ({ ...view, sensors: Array.from({ length: count }, () => sensors[0]!) });
  expect(rows(many(30)).at(-2)).toContain('edge-us-1');
  expect(rows(many(31)).slice(-3)).toEqual([
    expect.stringContaining('edge-us-1'),
    ...['values without a source are defaults', '… and 1 more; -o json has all'],
  ]);
});

test('config show of a fleet that is too large to be named counts those that are left out', () => {
  const sensors = Array.from({ length: 60 }, (_, n) => sensorView(`edge-us-${n}`));
  const last = text
    .configText({ ...view, sensors, leftOut: 900 }, plain)
    .split('\n')
    .at(-1);
  expect(last).toMatch(/^… and 9\d\d more; -o json has 60$/);
});

test('config show of a usual fleet fits 80 columns', () => {
  const usual = { color: 'fleet', emoji: 'default', random_off: 'default', interval: 'fleet', paused: 'default' };
  const fleet = (version: number) =>
    ['us', 'eu', 'as'].map((region) => {
      const config = { version, intervalMs: 1000, paused: false, file: 'ok', sources: usual };
      return sensorView(`edge-${region}-1`, { config: config as never });
    });
  const shown = (version: number) => text.configText({ ...view, sensors: fleet(version) }, plain).split('\n');
  expect(shown(1000)).toContainEqual(expect.stringMatching(/^us +edge-us-1 .*#000000 \(fleet\) .*1 s \(fleet\)$/));
  expect(shown(1000).filter((line) => line.length > 80)).toEqual([]);
  // One that has not heard of the newest says which it has.
  expect(shown(999)).toContainEqual(expect.stringMatching(/^us +edge-us-1 .*\(an older version\) +999$/));
});

test('config show has regions in their usual order, whichever was set first', () => {
  const store = desiredConfigStore();
  for (const region of ['as', 'eu', 'us']) store.patch({ scope: { region }, set: { interval: 2 }, unset: [] }, 1000);
  const lines = rows({ ...view, desired: store.state, sensors: [] });
  expect(lines.flatMap((line) => /^region (\w+)/.exec(line)?.[1] ?? [])).toEqual(['us', 'eu', 'as']);
});
