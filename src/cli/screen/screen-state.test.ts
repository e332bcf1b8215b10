import { expect, test } from 'vitest';
import { region, sampleData, sensor, summary, T0 } from '../../test/support/screen-samples.js';
import { noData, record, setSensors } from './screen-data.js';
import { BINDINGS, type Effect, firstState, press, type ScreenState } from './screen-state.js';
import { targetOf } from './views.js';

/** Names of keys, or characters. */
function typed(
  keys: string[],
  { from = {}, data = sampleData(), quitQuestion = undefined as string | undefined } = {},
) {
  let state: ScreenState = { ...firstState(), ...from };
  const effects: Effect[] = [];
  const hints: string[] = [];
  for (const name of keys) {
    const key = { name: name.toLowerCase(), text: [...name].length === 1 ? name : '' };
    const outcome = press(state, key, { data, quitQuestion, page: 10 });
    state = outcome.state;
    if (outcome.effect) effects.push(outcome.effect);
    if (state.hint !== undefined) hints.push(state.hint);
  }
  return { state, effects, hints, data };
}

test('numbers, Tab and arrows go from view to view, around both ends', () => {
  const view = (...keys: string[]) => typed(keys).state.view;
  expect([view('3'), view('tab'), view('left'), view('4', 'right')]).toEqual([
    'readings',
    'sensors',
    'alerts',
    'fleet',
  ]);
});

test('the whole fleet is selected first; arrows stop at the ends', () => {
  const at = (...keys: string[]) => {
    const { state, data } = typed(keys);
    return targetOf(state, data).region ?? 'all';
  };
  const ends = [at(), at('down'), at('up'), at('home'), at('home', 'up'), at('home', 'end')];
  expect(ends).toEqual(['all', 'all', 'eu', 'us', 'us', 'all']);
});

test('a selected sensor stays selected when others come before it', () => {
  const { state, data } = typed(['2', 'down']);
  const before = targetOf(state, data);
  setSensors(data, [...data.sensors, sensor({ execution_id: 'e-0', region: 'us', hostname: 'a' })]);
  expect(before.scope).toEqual({ hostname: 'edge-eu-1' });
  expect(targetOf(state, data)).toEqual(before);
});

test.each([
  ['the whole fleet', [], {}],
  ['a region', ['home'], { region: 'us' }],
  ['a host', ['2'], { hostname: 'edge-us-1' }],
])('a colour for %s is typed and taken with Enter', (_, before, scope) => {
  const { effects } = typed([...before, 'c', ...'color=#00ff88x', 'backspace', 'return']);
  expect(effects).toEqual([{ type: 'change', scope, words: 'color=#00ff88' }]);
});

test('Esc and an empty text change nothing', () => {
  expect(typed(['c', '5', 'escape', 'c', 'return']).effects).toEqual([]);
});

test('keys of an input are text, not commands', () => {
  const { state, effects } = typed(['c', 'q', '2', '?']);
  expect([state.view, state.help, state.input?.text, effects]).toEqual(['fleet', false, 'q2?', []]);
});

test('a cut is asked for; n, Esc and Enter are no, other keys are no answer', () => {
  expect(typed(['home', 'd', 'x', 'y']).effects).toEqual([{ type: 'link', region: 'us', connected: false }]);
  for (const no of ['n', 'escape', 'return']) expect(typed(['home', 'd', no, 'y']).effects).toEqual([]);
});

test('what is cut is connected again without a question', () => {
  const data = sampleData();
  const us = region('us', { cut: true, live: 0 });
  record(data, { event: 'summary', summary: summary([us, region('eu')]) }, T0);
  expect(typed(['home', 'd'], { data }).effects).toEqual([{ type: 'link', region: 'us', connected: true }]);
});

test('a cut needs one region, and a change something that is selected', () => {
  expect(typed(['d']).hints).toEqual(['select one region first']);
  expect(typed(['3', 'c', 'd']).hints).toHaveLength(2);
  expect(typed(['d', 'down']).state.hint, 'is over with the next key').toBeUndefined();
});

test('q quits at once, or asks where others lose something; Ctrl-C never asks', () => {
  const quitQuestion = 'Stop the network?';
  expect(typed(['q']).effects).toEqual([{ type: 'quit' }]);
  expect(typed(['q'], { quitQuestion }).effects).toEqual([]);
  expect(typed(['q', 'y'], { quitQuestion }).effects).toEqual([{ type: 'quit' }]);
});

test('the filter works while it is typed, stays with Enter, and goes with Esc', () => {
  const { state, data } = typed(['2', '/', 'U', 'S', '-', 'return']);
  expect([state.filter, targetOf(state, data).scope]).toEqual(['US-', { hostname: 'edge-us-1' }]);
  expect(typed(['2', '/', 'u', 'escape']).state.filter).toBe('');
});

test('readings stand still from the first step up; Esc, End and the last step down follow the newest again', () => {
  const { state, data } = typed(['3', 'up', 'pageup']);
  expect(state.selected.readings).toBe(data.readings[60 - 1 - 11]);
  for (const keys of [['escape'], ['end'], Array<string>(11).fill('down')]) {
    expect(typed(['3', 'up', 'pageup', ...keys]).state.selected.readings).toBeUndefined();
  }
  expect(typed(['3', 'up', 'home'], { data: noData(T0) }).state.selected.readings).toBeUndefined();
});

test('each key of the line and of the help does one thing', () => {
  const keys = BINDINGS.flatMap((one) => one.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test('several values are taken at once, as `config set` takes them', () => {
  const { effects } = typed(['c', ...'interval=2 paused=true', 'return']);
  expect(effects).toEqual([{ type: 'change', scope: {}, words: 'interval=2 paused=true' }]);
});

test('a value that no sensor takes stays, to be corrected', () => {
  const refused = typed(['c', ...'interval=1x', 'return']);
  expect(refused.effects).toEqual([]);
  expect(refused.state.input).toMatchObject({ text: 'interval=1x', problem: expect.stringContaining('interval') });
  const corrected = typed(['backspace', 'return'], { from: refused.state });
  expect(corrected.effects).toEqual([{ type: 'change', scope: {}, words: 'interval=1' }]);
});
