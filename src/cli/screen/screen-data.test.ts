import { expect, test } from 'vitest';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import { readingEvent, region, sensor, summary, T0 } from '../../test/support/screen-samples.js';
import { addNote, noData, READINGS, record, setSensors } from './screen-data.js';

const alert = (firing: boolean, at: number, name = 'eu'): AlertEvent => ({
  ...{ event: 'alert', type: 'region.silent', region: name, firing, silent_ms: 1, at, rule: 'silence', text: '' },
});

test('an alert that is sent again with a new connection is the same one', () => {
  const data = noData(T0);
  for (const event of [alert(true, 1), alert(true, 1), alert(true, 1, 'us')]) record(data, event, T0);
  expect([data.firing.size, data.happened.length]).toEqual([2, 2]);
  record(data, alert(false, 2), T0);
  expect([[...data.firing.values()].map((one) => 'region' in one && one.region), data.happened.length]).toEqual([
    ['us'],
    3,
  ]);
});

test('each summary adds the rates of its regions and of the fleet', () => {
  const data = noData(T0);
  for (const rate of [1, 2]) record(data, { event: 'summary', summary: summary([region('eu', { rate })]) }, T0);
  expect([data.rates.get('eu'), data.rates.get('')]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test('of many readings the newest stay, and not without end', () => {
  const data = noData(T0);
  for (let i = 1; i <= 10 * READINGS; i++) record(data, readingEvent(i), T0);
  expect(data.readings.length).toBeGreaterThanOrEqual(READINGS);
  expect(data.readings.length).toBeLessThanOrEqual(2 * READINGS);
  expect(data.readings.at(-1)).toEqual(readingEvent(10 * READINGS));
});

test('a note of several lines is several notes, and ends what was waited for', () => {
  const data = noData(T0);
  data.progress = 'waiting';
  addNote(data, 'one\n\n  two\n', T0);
  expect([data.happened, data.progress]).toEqual([
    [
      { at: T0, kind: 'note', text: 'one' },
      { at: T0, kind: 'note', text: 'two' },
    ],
    '',
  ]);
});

test('sensors are in the order that regions have everywhere, and of numbers in their names; others do not count', () => {
  const data = noData(T0);
  const named = (hostname: string, over = {}) => sensor({ hostname, execution_id: hostname, ...over });
  setSensors(data, [named('e-10'), named('e-9'), named('a', { region: 'us' }), named('x', { state: 'replaced' })]);
  expect(data.sensors.map(({ hostname }) => hostname)).toEqual(['a', 'e-9', 'e-10']);
});
