import { stripVTControlCharacters } from 'node:util';
import { Chalk } from 'chalk';
import { expect, test, vi } from 'vitest';
import { CONTROL_CHARACTER } from '../../lib/control-characters.js';
import { readingEvent, region, reported, sampleData, sensor, summary, T0 } from '../../test/support/screen-samples.js';
import { cellsOf } from '../output/cells.js';
import { frame } from './frame.js';
import type { Picture } from './list.js';
import { addNote, noData, record, type ScreenData, setSensors } from './screen-data.js';
import { firstState, type ScreenState } from './screen-state.js';
import { VIEW_NAMES } from './views.js';

const style = new Chalk({ level: 0 });
const colors = new Chalk({ level: 3 });

const picture = (
  data: ScreenData,
  state: Partial<ScreenState> = {},
  size: { columns: number; rows: number } = { columns: 80, rows: 24 },
  over: Partial<Picture> = {},
) =>
  frame({
    data,
    width: size.columns,
    rows: size.rows,
    style,
    unicode: true,
    kind: 'embedded',
    page: 'http://127.0.0.1:9091',
    attached: true,
    now: T0,
    state: { ...firstState(), ...state },
    ...over,
  });

const text = (...given: Parameters<typeof picture>) =>
  picture(...given)
    .map((line) => line.trimEnd())
    .join('\n');

/** Everything long, wide, hostile, and a lot of it. */
function worstData(): ScreenData {
  const data = sampleData();
  const evil = '\u001b[2J\u009b31m\u202e日本語🚀👨‍👩‍👧 '.repeat(2);
  const regions = Array.from({ length: 50 }, (_, i) =>
    region(`${evil}${i}`, {
      cut: true,
      silent: 99_999,
      gaps: 123_456,
      received: 123_456_789,
      rate: 12_345.6,
      paused: 12,
    }),
  );
  for (let i = 0; i < 100; i++) record(data, { event: 'summary', summary: summary(regions) }, T0);
  setSensors(
    data,
    Array.from({ length: 100 }, (_, i) =>
      sensor({
        execution_id: `${i}`,
        hostname: evil,
        region: evil,
        color: evil,
        icon_name: evil,
        gaps: 9,
        state: 'silent',
        config: reported({ file: 'bad' }),
      }),
    ),
  );
  for (let i = 0; i < 100; i++) {
    record(data, readingEvent(i, { hostname: evil, region: evil, icon_name: evil, color: evil }), T0);
    record(data, { event: 'message', message: { evil }, received_at: T0 }, T0);
    record(
      data,
      {
        event: 'alert',
        type: 'region.silent',
        region: `${evil}${i}`,
        firing: true,
        silent_ms: 5,
        at: T0 + i,
        rule: 'r',
        text: evil,
      },
      T0,
    );
    addNote(data, evil, T0);
  }
  return data;
}

const WORST = worstData();

const STATES: [string, Partial<ScreenState>][] = [
  ...VIEW_NAMES.flatMap((view): [string, Partial<ScreenState>][] => [[view, { view }]]),
  ['readings at their first row', { view: 'readings', selected: { readings: WORST.readings[0] } }],
  ['help', { help: true }],
  ['an input', { input: { what: 'config', scope: { hostname: '日本'.repeat(90) }, text: '🚀'.repeat(200) } }],
  ['a filter', { filter: '\u001b[2J🚀'.repeat(50) }],
  ['a question', { question: { text: '日本語'.repeat(90), effect: { type: 'quit' } } }],
];

const SIZES = [
  [1, 1],
  [39, 40],
  [120, 11],
  [40, 12],
  [41, 60],
  [60, 13],
  [80, 24],
  [120, 40],
  [200, 50],
] as const;

test.each(STATES)('whatever was heard, %s fits every size and has no control characters', (_, state) => {
  for (const data of [noData(T0), sampleData(), WORST]) {
    for (const [columns, rows] of SIZES) {
      const lines = picture(data, state, { columns, rows }, { style: colors });
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(Math.max(...lines.map(cellsOf))).toBeLessThanOrEqual(columns);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours, which the style has made.
      const plain = lines.join('').replace(/\u001b\[[0-9;]*m/g, '');
      expect(plain).not.toMatch(CONTROL_CHARACTER);
    }
  }
});

test('it has every line of the screen, the keys in the last one', () => {
  const lines = picture(sampleData());
  expect(lines).toHaveLength(24);
  expect(lines[0]).toMatch(/^wasm-sensors embedded {2}2 live {2}3\.0\/s {2}ok +http:\/\/127\.0\.0\.1:9091$/);
  expect(lines[1]).toBe('[1:fleet] 2:sensors  3:readings  4:alerts ');
  expect(lines.at(-1)).toMatch(/^\? help {2}q quit/);
});

test('the title is the name of the program, with colours and without, however it was started', () => {
  vi.stubEnv('WASM_SENSORS_COMMAND', 'npx wasm-sensors');
  for (const one of [style, colors]) {
    const [title = ''] = picture(sampleData(), {}, { columns: 120, rows: 24 }, { style: one });
    expect(stripVTControlCharacters(title)).toMatch(/^wasm-sensors embedded {2}/);
  }
  vi.unstubAllEnvs();
});

test('the smallest terminal shows every region of a small fleet', () => {
  const data = sampleData();
  record(data, { event: 'summary', summary: summary(['us', 'eu', 'as'].map((name) => region(name))) }, T0);
  const lines = picture(data, {}, { columns: 40, rows: 12 });
  for (const name of ['us', 'eu', 'as', 'all'])
    expect(lines.some((line) => line.startsWith(`   ${name} `) || line.startsWith(`>  ${name} `))).toBe(true);
});

test('without colours everything is said in words: selection, cuts, gaps, alerts', () => {
  const data = sampleData();
  const regions = [region('us', { gaps: 3 }), region('eu', { cut: true, live: 0, silent: 1 })];
  record(data, { event: 'summary', summary: summary(regions) }, T0);
  record(
    data,
    {
      event: 'alert',
      type: 'region.silent',
      region: 'eu',
      firing: true,
      silent_ms: 9000,
      at: T0,
      rule: 'r',
      text: 'no reading from eu for 9 s',
    },
    T0,
  );
  const fleet = text(data, { selected: { fleet: 'eu' } });
  expect(fleet).toContain('! 1 ALERT, 3 gaps, 1 cut off');
  expect(fleet).toMatch(/^> {2}eu \(cut off\) +0 live, 1 silent +1\.5/m);
  expect(fleet).toMatch(/ {3}us +1 live +1\.5 .* 3( |$)/m);
  expect(text(data, { view: 'alerts' })).toMatch(/^ALERT \d\d:\d\d:\d\d no reading from eu for 9 s$/m);
});

test('a selected sensor shows its newest readings, and its configuration with the scope that sets it', () => {
  const shown = text(sampleData(), { view: 'sensors', selected: { sensors: 'e-1' } });
  expect(shown).toMatch(/^> {2}eu +edge-eu-1 +live/m);
  expect(shown).toMatch(/^color +#00ff88 +region eu +#00ff88$/m);
  expect(shown).toMatch(/^interval +1\.5 s +flag$/m);
  expect(shown).toMatch(/^paused +no +file$/m);
  expect(shown).toMatch(/#60$/m);
});

test('a sensor of which nothing is heard is silent in words, and one that reports no configuration says so', () => {
  const data = noData(T0);
  setSensors(data, [sensor({ state: 'silent', config: undefined })]);
  expect(text(data, { view: 'sensors' })).toMatch(/silent!/);
  expect(text(data, { view: 'sensors' })).toContain('it reports no configuration');
});

test('a note is shown with its time for a while, and stays in the alerts', () => {
  const data = sampleData();
  addNote(data, 'proxy restarted', T0);
  const noteLine = (now: number) => picture(data, {}, { columns: 80, rows: 24 }, { now })[22];
  expect(noteLine(T0 + 15_000)).toMatch(/^\d\d:\d\d:00 proxy restarted$/);
  expect(noteLine(T0 + 15_001)).toBe('');
  expect(text(data, { view: 'alerts' })).toMatch(/ note {2}proxy restarted$/m);
});

test('a puller that is not heard from is reported, with the time', () => {
  const title = (now: number) => picture(sampleData(), {}, { columns: 80, rows: 24 }, { now })[0];
  expect(title(T0 + 4000)).toContain('ok');
  expect(title(T0 + 9000)).toContain('! no answer for 9 s');
});

test('readings show what was measured', () => {
  const data = sampleData();
  record(data, readingEvent(61, { values: { temperature: -3.5, humidity: 60 } }), T0);
  expect(text(data, { view: 'readings' })).toMatch(/#61 +temperature -3.5 humid/m);
});

test('readings stay where a reading is selected; without one the newest are shown', () => {
  const data = sampleData();
  const selected = { readings: data.readings[20] };
  const before = text(data, { view: 'readings', selected });
  for (let sequence = 61; sequence <= 100; sequence++) record(data, readingEvent(sequence), T0);
  expect(text(data, { view: 'readings', selected })).toBe(before);
  expect(before).toMatch(/^> .*#21$/m);
  expect(text(data, { view: 'readings' })).toMatch(/^> .*#100$/m);
});

test('a note that is longer than the terminal is wide is there in full when it is selected', () => {
  const data = sampleData();
  addNote(data, `${'word '.repeat(30)}end`, T0);
  expect(text(data, { view: 'alerts' })).toMatch(/word word end$/m);
});

test('what is cut off at the end of a view is marked: of a long alert, and of many', () => {
  const data = sampleData();
  addNote(data, `${'word '.repeat(400)}end`, T0);
  expect(text(data, { view: 'alerts' })).toMatch(/word …$/m);
  expect(text(WORST, { view: 'alerts' })).toMatch(/^… 9\d more$/m);
});

test('while a deployment is under way nobody is told to deploy', () => {
  const data = noData(T0);
  expect(text(data)).toContain('no readings yet');
  record(data, { event: 'summary', summary: summary([]) }, T0);
  expect(text(data)).toContain('run `wasm-sensors deploy publisher`');
  data.progress = 'submitting the publisher for 3 nodes';
  expect(text(data)).not.toContain('deploy publisher');
});

test('the address stays in the title beside many problems; without room the least of them goes', () => {
  const data = sampleData();
  const regions = [region('us', { gaps: 3, silent: 2 }), region('eu', { cut: true, live: 0, silent: 1 })];
  record(data, { event: 'summary', summary: summary(regions) }, T0);
  const title = (columns: number) => picture(data, {}, { columns, rows: 24 })[0] ?? '';
  expect(title(80)).toMatch(/^embedded {2}1 live .* ! 3 gaps, 1 cut off.* http:\/\/127\.0\.0\.1:9091$/);
  expect(title(120)).toMatch(/^wasm-sensors embedded .* ! 3 gaps, 1 cut off, 2 silent +http:/);
});

test('the filter works on every view', () => {
  const data = sampleData();
  addNote(data, 'the clock was set', T0);
  const shown = (view: ScreenState['view'], filter: string) => text(data, { view, filter });
  expect(shown('fleet', 'us')).toMatch(/^ {3}us /m);
  expect(shown('fleet', 'us')).not.toMatch(/^ {3}eu |edge-eu/m);
  expect(shown('alerts', 'CLOCK')).toMatch(/ note {2}the clock was set/);
  expect(shown('alerts', 'puller')).not.toMatch(/ note /);
});

test('a value that no sensor takes is said where it was typed', () => {
  const input = {
    what: 'config',
    scope: {},
    text: 'interval=abc',
    problem: 'interval: "abc" must be a number',
  } as const;
  const lines = picture(sampleData(), { input });
  expect(lines.slice(-2).map((line) => line.trimEnd())).toEqual([
    expect.stringContaining('abc'),
    'interval: "abc" must be a number',
  ]);
});

test('where the terminal shows ASCII only, nothing else is drawn', () => {
  for (const [, state] of STATES) {
    const lines = picture(WORST, state, { columns: 100, rows: 30 }, { unicode: false, style: colors });
    expect(lines.join('')).toMatch(/^\p{ASCII}*$/u);
    expect(Math.max(...lines.map(cellsOf))).toBeLessThanOrEqual(100);
  }
});

test('the help says what late and gaps are', () => {
  expect(text(sampleData(), { help: true })).toMatch(/^gaps .*\n(.*\n)*late /m);
});
