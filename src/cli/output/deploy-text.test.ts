import { expect, test } from 'vitest';
import type { DeployFact, DeployResult, RegionDeployment } from '../../operations/deploy/deploy-publisher.js';
import { deployDocument, deployNotes, deployText, stopPublisherText } from './deploy-text.js';

const region = (over: Partial<RegionDeployment> = {}): RegionDeployment => ({
  ...{ region: 'us', jobId: 'j', unchanged: false, expected: 2, seen: 2, pending: 0 },
  ...over,
});
const result = (over: Partial<DeployResult> = {}): DeployResult => ({
  ...{ submissionTime: 1, regions: [region()], facts: [], unaccounted: 0, seconds: 0.2 },
  ...over,
});

test('what was seen of what was expected', () => {
  expect(deployText(result({ regions: [region(), region({ expected: 1, seen: 1 })] }))).toBe(
    '3/3 sensors reporting (0.2 s)',
  );
  // Sensors of a newer submission count, too, but not as more than there are nodes.
  expect(deployText(result({ regions: [region({ seen: 5 }), region({ seen: 0 })] }))).toBe(
    '2/4 sensors reporting (0.2 s)',
  );
});

test('unchanged is said when every region is, and disconnected nodes are named', () => {
  const same = region({ unchanged: true });
  expect(deployText(result({ regions: [same, same] }))).toMatch(/ s\); unchanged, already running$/);
  expect(deployText(result({ regions: [same, region()] }))).not.toContain('unchanged');
  expect(deployText(result({ regions: [region({ pending: 3 }), region({ region: 'eu' })] }))).toBe(
    'pending: disconnected nodes run it when they reconnect (us: 3)\n4/4 sensors reporting (0.2 s)',
  );
});

test('of a region that is cut off, what its sensors keep', () => {
  const cut = region({ region: 'eu', pending: 3, expected: 0, seen: 0, kept: { sensors: 3, readings: 75 } });
  expect(deployText(result({ regions: [cut] }))).toBe('pending: eu is cut off, its 3 sensors keep up to 75 readings');
  const nothing = region({ region: 'as', pending: 3, expected: 0, seen: 0, kept: { sensors: 0, readings: 0 } });
  expect(deployText(result({ regions: [cut, nothing] })).split('\n')[1]).toMatch(/^pending: disconnected .*\(as: 3\)$/);
});

test('of a region that is cut off where the new version runs at once', () => {
  const cut = region({ region: 'eu', pending: 3, expected: 0, seen: 0, unseen: true });
  expect(deployText(result({ regions: [cut] }))).toBe(
    "pending: eu is cut off: the new version runs there, and can't be seen yet",
  );
});

const facts: [DeployFact, string | RegExp][] = [
  [
    { type: 'config.overridden', scope: {}, fields: ['color', 'interval'] },
    'color, interval: overridden by the configuration of the fleet; run `wasm-sensors config unset color interval` to clear it',
  ],
  [
    { type: 'config.overridden', scope: { region: 'eu' }, fields: ['color'] },
    'color: overridden by the configuration of region eu; run `wasm-sensors config unset --region eu color` to clear it',
  ],
  [
    { type: 'config.overridden', scope: { hostname: 'h' }, fields: ['color'] },
    'color: overridden by the configuration of host h; run `wasm-sensors config unset --host h color` to clear it',
  ],
  [{ type: 'config.overridden-by-more', hosts: 2 }, /^2 further hosts have values of their own: .*config show/],
  [{ type: 'all-regions-job.running' }, /runs beside this one: run .* without --region/],
  [{ type: 'all-regions-job.stopped' }, /was stopped: every region has its own/],
  [{ type: 'hostname.not-forwarded', region: 'eu' }, /^eu: .*HOSTNAME/],
];
test.each(facts)('the fact %j is a line of text, and a note of the document', (fact, text) => {
  const [note] = deployNotes([fact]);
  expect(note).toMatch(text);
  expect(deployText(result({ facts: [fact] })).split('\n')).toEqual([note, '2/2 sensors reporting (0.2 s)']);
  expect(deployDocument(result({ facts: [fact] }))).toEqual({
    ...{ submissionTime: 1, regions: [region()], notes: [note], unaccounted: 0, seconds: 0.2 },
  });
});

test('stop publisher', () => {
  const stopped = { stopped: ['us', 'eu'], quietSeconds: 6, givenUp: 0 };
  expect(stopPublisherText(stopped)).toBe('stopped in us, eu; no reading for 6 s');
  expect(stopPublisherText({ ...stopped, givenUp: 75 })).toMatch(
    /; up to 75 readings that sensors kept were given up$/,
  );
  expect(stopPublisherText({ stopped: [], quietSeconds: 0, givenUp: 0 })).toBe('no publisher was running');
});
