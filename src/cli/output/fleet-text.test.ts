import { expect, test } from 'vitest';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { eventLine, relayLines, summaryTable } from './fleet-text.js';
import { styleFor } from './terminal-text.js';

const plain = styleFor(process.stdout, 'never');
const coloured = styleFor(process.stdout, 'always');
const AT = Date.UTC(2026, 0, 31, 12, 0, 0, 7);

const region = (name: string, over: object = {}) => ({
  ...{ region: name, live: 2, paused: 0, silent: 0, rate: 1.25, received: 10, gaps: 0, late: 1, duplicates: 3 },
  ...{ cut: false, colors: [{ color: '#00ff88', sensors: 2 }], interval_ms: 1000 },
  ...over,
});
const summary = (...regions: object[]) =>
  ({ time: AT, regions, total: region('', { region: undefined, colors: undefined }) }) as unknown as FleetSummary;
const lines = (text: string) => text.split('\n').map((line) => line.replace(/ {2,}/g, '|').trim());

test('a row for each region, and one for all where there are several', () => {
  expect(lines(summaryTable(summary(region('us')), plain))).toEqual([
    'region|sensors|readings/s|received|gaps|late|duplicates|colours',
    'us|2 live|1.3|10|0|1|3|#00ff88 × 2',
  ]);
  expect(lines(summaryTable(summary(region('us'), region('eu')), plain)).at(-1)).toBe('all|2 live|1.3|10|0|1|3');
});

test('what is wrong is marked: silent sensors, gaps, cut regions, links', () => {
  const bad = region('us', { paused: 1, silent: 4, gaps: 7, cut: true });
  expect(lines(summaryTable(summary(bad), plain))[1]).toBe(
    'us (cut off)|2 live, 1 paused, 4 silent|1.3|10|7|1|3|#00ff88 × 2',
  );
  const links = new Map([['us', '1/2 nodes disconnected']]);
  expect(summaryTable(summary({ ...bad, cut: false }), plain, links)).toContain('us (1/2 nodes disconnected)');
  // What is longer would take the place of counts.
  expect(summaryTable(summary(bad), plain, links)).toContain('us (cut off)');
  const text = summaryTable(summary(bad), coloured);
  for (const word of ['cut off', '4 silent', '7']) expect(text).toContain(`\u001b[31m${word}\u001b[39m`);
  // Regions may have any name.
  expect(summaryTable(summary(region('constructor')), plain)).not.toContain('(');
});

test('what a relay keeps, and of one that is away only what is known', () => {
  const relay = { name: 'relay-eu', region: 'eu', backlog: 0, oldest_ms: 0, bytes: 50, max_bytes: 100, refused: 0 };
  const line = (over: object) =>
    relayLines([{ ...relay, heard_at: AT - 63_000, away: false, ...over }], AT, plain)
      .join()
      .replace('relay-eu (eu): ', '');
  expect(line({})).toMatch(/^keeps no readings, 50 % full, heard .* ago$/);
  expect(line({ away: true })).toMatch(/^away: not heard for 63 \S+, its backlog is not known$/);
  expect(line({ away: true, backlog: 7, refused: 2 })).toMatch(
    /^away: not heard for 63 \S+, it kept 7 readings then, 2 given up/,
  );
});

const reading = { region: 'eu', hostname: 'edge-eu-1', icon_name: '🚀', color: '#00ff88', sequence: 7 };

test('events are lines with their time; a summary is none', () => {
  const show = (event: object) => eventLine(event as never, plain);
  const received = { event: 'reading', reading, received_at: AT };
  expect(show({ ...received, late: false })).toBe('12:00:00.007  eu  edge-eu-1    🚀  #00ff88  #7');
  expect(show({ ...received, late: true })).toMatch(/#7 {2}late$/);
  const measured = { ...reading, values: { temperature: -3.5, humidity: 60 } };
  expect(show({ ...received, reading: measured, late: false })).toMatch(/#7 {2}temperature -3.5 {2}humidity 60$/);
  const narrow = eventLine(
    { event: 'reading', reading: measured, received_at: AT, late: false } as never,
    coloured,
    80,
  );
  expect(narrow).toMatch(/^\S*12:00:00\S* {2}eu .*🚀 {2}\S+██\S+ {2}#7 {2}temperature -3.5 {2}humidity 60$/);
  expect(show({ event: 'message', message: { a: 1 }, received_at: AT })).toBe('12:00:00.007  {"a":1}');
  const alert = { event: 'alert', type: 'region.silent', region: 'eu', at: AT };
  const firing = { ...alert, firing: true, text: 'no reading from eu for 12 s' };
  expect(show(firing)).toBe('12:00:00.007  alert  no reading from eu for 12 s');
  const over = { ...alert, firing: false, text: 'eu is reporting again' };
  expect(show(over)).toBe('12:00:00.007  over   eu is reporting again');
  expect(show({ event: 'summary', summary: summary() })).toBeUndefined();
});
