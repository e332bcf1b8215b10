/** What is shown and selected, and what a key does to it. Pure. */
import { messageOf } from '../../lib/errors/app-error.js';
import { type Scope, scopeText } from '../../protocol/desired-config.js';
import { valuesFrom } from '../desired-values.js';
import type { ScreenData } from './screen-data.js';
import { isPaused, moveBy, selectedRegion, selectedScope } from './selection.js';

export const VIEWS = ['fleet', 'sensors', 'readings', 'alerts', 'services'] as const;
export type ViewName = (typeof VIEWS)[number];

/** What the screen asks of the rest of the program. */
export type Effect =
  | { type: 'change'; scope: Scope; field: 'color' | 'interval' | 'paused'; text: string }
  | { type: 'link'; region: string; connected: boolean }
  | { type: 'open-page' | 'quit' | 'interrupt' | 'suspend' };

export interface ScreenState {
  view: ViewName;
  /** The selected row of a view: a region ('' is the whole fleet), an execution, or a service. */
  selected: Partial<Record<ViewName, string>>;
  /** How many lines are below the last one shown; 0 follows the newest. */
  scrolled: number;
  /** The readings at the time of scrolling up: newer ones don't move them. */
  held: ScreenData['readings'] | undefined;
  filter: string;
  /** The selection fills the body. */
  detail: boolean;
  help: boolean;
  input: Input | undefined;
  question: { text: string; effect: Effect } | undefined;
}

/** What is being typed. */
interface Input {
  what: 'filter' | 'color' | 'interval';
  scope: Scope;
  text: string;
  /** Why the text was not taken. */
  problem?: string;
}

export const firstState = (): ScreenState => ({
  view: 'fleet',
  selected: {},
  scrolled: 0,
  held: undefined,
  filter: '',
  detail: false,
  help: false,
  input: undefined,
  question: undefined,
});

/** As `node:readline` names them. */
export interface Key {
  name: string;
  /** The character; '' for others. */
  text: string;
  ctrl?: boolean;
}

export interface KeyContext {
  data: ScreenData;
  /** Asked before the screen closes; undefined: nobody loses anything. */
  quitQuestion: string | undefined;
  /** Lines of the body. */
  page: number;
}

type Outcome = { state: ScreenState; effect?: Effect; hint?: string };

export function press(state: ScreenState, key: Key, context: KeyContext): Outcome {
  if (key.ctrl) {
    if (key.name === 'c') return { state, effect: { type: 'interrupt' } };
    return key.name === 'z' ? { state, effect: { type: 'suspend' } } : { state };
  }
  if (state.question) return answer(state, state.question, key);
  if (state.input) return type(state, state.input, key);
  if (state.help) return { state: { ...state, help: false } };
  return move(state, key, context) ?? act(state, key, context);
}

function answer(state: ScreenState, { effect }: NonNullable<ScreenState['question']>, { name, text }: Key): Outcome {
  const closed = { ...state, question: undefined };
  if (text.toLowerCase() === 'y') return { state: closed, effect };
  // Other keys are no answer: what was typed too fast must not decide.
  return text.toLowerCase() === 'n' || name === 'escape' || name === 'return' ? { state: closed } : { state };
}

function type(state: ScreenState, { what, scope, text: before }: Input, { name, text }: Key): Outcome {
  const closed = { ...state, input: undefined };
  if (name === 'escape') return { state: what === 'filter' ? { ...closed, filter: '' } : closed };
  if (name === 'return') {
    if (what === 'filter' || before === '') return { state: closed };
    const problem = problemOf(what, before);
    if (problem !== undefined) return { state: { ...state, input: { what, scope, text: before, problem } } };
    return { state: closed, effect: { type: 'change', scope, field: what, text: before } };
  }
  const now = name === 'backspace' ? [...before].slice(0, -1).join('') : before + text;
  return { state: { ...state, filter: what === 'filter' ? now : state.filter, input: { what, scope, text: now } } };
}

/** Why sensors would refuse a value; what is typed stays, to be corrected. */
function problemOf(field: string, text: string): string | undefined {
  try {
    valuesFrom([`${field}=${text}`]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Keys that only change what is shown. */
function move(state: ScreenState, { name, text }: Key, { data, page }: KeyContext): Outcome | undefined {
  const view = VIEWS[Number(text) - 1];
  const go = (to: ViewName): Outcome => ({
    state: { ...state, view: to, scrolled: 0, held: undefined, detail: false },
  });
  if (view) return go(view);
  const at = VIEWS.indexOf(state.view);
  const steps: Record<string, number> = { up: -1, k: -1, down: 1, j: 1, pageup: -page, pagedown: page };
  const step = { home: Number.NEGATIVE_INFINITY, g: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }[name];
  if (text === 'G') return { state: moveBy(state, data, Number.POSITIVE_INFINITY) };
  const by = step ?? steps[name];
  if (by !== undefined) return { state: moveBy(state, data, by) };
  switch (name) {
    case 'tab':
    case 'right':
      return go(VIEWS[(at + 1) % VIEWS.length]!);
    case 'left':
      return go(VIEWS[(at + VIEWS.length - 1) % VIEWS.length]!);
    case 'return':
      return { state: { ...state, detail: !state.detail } };
    case 'escape':
      if (state.detail) return { state: { ...state, detail: false } };
      return { state: { ...state, filter: '', scrolled: 0, held: undefined } };
  }
  if (text === '?') return { state: { ...state, help: true } };
  if (text === '/') return { state: { ...state, input: { what: 'filter', scope: {}, text: state.filter } } };
  return undefined;
}

/** Keys that change something outside the screen. */
function act(state: ScreenState, { text }: Key, { data, quitQuestion }: KeyContext): Outcome {
  const ask = (question: string, effect: Effect): Outcome => ({
    state: { ...state, question: { text: question, effect } },
  });
  if (text === 'q') return quitQuestion ? ask(quitQuestion, { type: 'quit' }) : { state, effect: { type: 'quit' } };
  if (text === 'o') return { state, effect: { type: 'open-page' } };
  if (!'cipd'.includes(text) || text === '') return { state };
  const scope = selectedScope(state, data);
  if (!scope) return { state, hint: 'select a region (view 1) or a sensor (view 2) first' };
  if (text === 'c' || text === 'i') {
    const what = text === 'c' ? 'color' : 'interval';
    return { state: { ...state, input: { what, scope, text: '' } } };
  }
  if (text === 'p') {
    const paused = isPaused(scope, state, data);
    const effect: Effect = { type: 'change', scope, field: 'paused', text: String(!paused) };
    return paused ? { state, effect } : ask(`Pause ${scopeText(scope)}? Its sensors stop sending.`, effect);
  }
  const region = selectedRegion(state, data);
  if (region === undefined) return { state, hint: 'select one region first' };
  const connected = data.summary?.regions.find((one) => one.region === region)?.cut === true;
  const effect: Effect = { type: 'link', region, connected };
  return connected ? { state, effect } : ask(`Cut region ${region} off? Its sensors run on and keep readings.`, effect);
}
