/** What is shown and selected, and what each key does to it: one table, from which the help is made, too. Pure. */
import { messageOf } from '../../lib/errors/app-error.js';
import type { Scope } from '../../protocol/desired-config.js';
import { valuesFrom } from '../desired-values.js';
import type { Target } from './list.js';
import type { ScreenData } from './screen-data.js';
import { targetOf, VIEW_NAMES, VIEWS, type ViewName } from './views.js';

/** What the screen asks of the rest of the program. */
export type Effect =
  | { type: 'change'; scope: Scope; words: string }
  | { type: 'link'; region: string; connected: boolean }
  | { type: 'quit' };

export interface ScreenState {
  view: ViewName;
  /** By list: the key of its selected row. */
  selected: Record<string, unknown>;
  filter: string;
  help: boolean;
  input?: Input | undefined;
  question?: { text: string; effect: Effect } | undefined;
  /** Why the last key did nothing. */
  hint?: string | undefined;
}

/** `config`: as `config set` takes it. */
type Input = { what: 'filter' | 'config'; scope: Scope; text: string; problem?: string };

export const firstState = (): ScreenState => ({ view: 'fleet', selected: {}, filter: '', help: false });

/** As `node:readline` names them. */
export interface Key {
  name: string;
  /** The character; '' for others. */
  text: string;
}

export interface KeyContext {
  data: ScreenData;
  /** Asked before the screen closes; undefined: nobody loses anything. */
  quitQuestion: string | undefined;
  /** Lines of the body. */
  page: number;
}

type Outcome = { state: ScreenState; effect?: Effect };

interface Binding {
  /** Their characters or names. */
  keys: string[];
  /** In the line of keys; one that acts on the selection is there in views with something to act on. */
  short?: string;
  acts?: boolean;
  /** In the help: the keys, and what they do. */
  help: [keys: string, does: string];
  press(state: ScreenState, key: string, context: KeyContext): Outcome;
}

const END = Number.POSITIVE_INFINITY;
const STEPS: Record<string, number> = { up: -1, down: 1, home: -END, end: END };

export const BINDINGS: Binding[] = [
  {
    keys: ['?'],
    short: '? help',
    help: ['?', 'these keys'],
    press: (state) => ({ state: { ...state, help: true } }),
  },
  {
    keys: ['q'],
    short: 'q quit',
    help: ['q Ctrl-C', 'quit (q asks before others lose something)'],
    press: (state, _, { quitQuestion }) => askFirst(state, quitQuestion, { type: 'quit' }),
  },
  {
    keys: [...VIEW_NAMES.map((_, i) => String(i + 1)), 'tab', 'right', 'left'],
    help: ['1-4 Tab ←→', VIEW_NAMES.join(', ')],
    press(state, key) {
      const at = VIEW_NAMES.indexOf(state.view) + VIEW_NAMES.length;
      const view = VIEW_NAMES[Number(key) - 1] ?? VIEW_NAMES[(at + (key === 'left' ? -1 : 1)) % VIEW_NAMES.length];
      return { state: { ...state, view: view ?? state.view } };
    },
  },
  {
    keys: ['/'],
    short: '/ filter',
    help: ['/', 'filter what is shown'],
    press: (state) => ({ state: { ...state, input: { what: 'filter', scope: {}, text: state.filter } } }),
  },
  {
    keys: [...Object.keys(STEPS), 'pageup', 'pagedown'],
    short: '↑↓ select',
    help: ['↑↓ PgUp PgDn', 'select; Home, End: first, last'],
    press(state, key, { data, page }) {
      const by = STEPS[key] ?? (key === 'pageup' ? -page : page);
      return { state: VIEWS[state.view].move(data, state, by) };
    },
  },
  {
    keys: ['escape'],
    help: ['Esc', 'no filter; then the selection of the start'],
    press: (state) => ({ state: state.filter === '' ? { ...state, selected: {} } : { ...state, filter: '' } }),
  },
  {
    keys: ['c'],
    short: 'c change',
    acts: true,
    help: ['c', 'change the selection as `config set` does: color=tomato interval=1 paused=true'],
    press: (state, _, { data }) =>
      onScope(state, data, ({ scope }) => ({ state: { ...state, input: { what: 'config', scope, text: '' } } })),
  },
  {
    keys: ['d'],
    short: 'd disconnect',
    acts: true,
    help: ['d', 'disconnect or reconnect its region'],
    press: (state, _, { data }) =>
      onScope(state, data, ({ region }) => {
        if (region === undefined) return { state: { ...state, hint: 'select one region first' } };
        const connected = data.summary?.regions.find((one) => one.region === region)?.cut === true;
        const question = connected
          ? undefined
          : `Cut ${region} off? Its sensors run on and keep readings, or their relay does.`;
        return askFirst(state, question, { type: 'link', region, connected });
      }),
  },
];

const askFirst = (state: ScreenState, question: string | undefined, effect: Effect): Outcome =>
  question === undefined ? { state, effect } : { state: { ...state, question: { text: question, effect } } };

function onScope(state: ScreenState, data: ScreenData, act: (target: Target & { scope: Scope }) => Outcome): Outcome {
  const { scope, ...target } = targetOf(state, data);
  if (!scope) return { state: { ...state, hint: 'select a region (view 1) or a sensor (view 2) first' } };
  return act({ ...target, scope });
}

export function press(before: ScreenState, key: Key, context: KeyContext): Outcome {
  const state = { ...before, hint: undefined };
  if (state.question) return answer(state, state.question, key);
  if (state.input) return type(state, state.input, key);
  if (state.help) return { state: { ...state, help: false } };
  const pressed = key.text || key.name;
  return BINDINGS.find(({ keys }) => keys.includes(pressed))?.press(state, pressed, context) ?? { state };
}

function answer(state: ScreenState, { effect }: NonNullable<ScreenState['question']>, { name, text }: Key): Outcome {
  const closed = { ...state, question: undefined };
  if (text.toLowerCase() === 'y') return { state: closed, effect };
  // Other keys are no answer: what was typed too fast must not decide.
  return text.toLowerCase() === 'n' || name === 'escape' || name === 'return' ? { state: closed } : { state };
}

export const wordsOf = (text: string): string[] => text.split(' ').filter(Boolean);

function type(state: ScreenState, { what, scope, text: before }: Input, { name, text }: Key): Outcome {
  const closed = { ...state, input: undefined };
  if (name === 'escape') return { state: what === 'filter' ? { ...closed, filter: '' } : closed };
  if (name === 'return') {
    if (what === 'filter' || before === '') return { state: closed };
    try {
      valuesFrom(wordsOf(before));
    } catch (error) {
      // What is typed stays, to be corrected.
      return { state: { ...state, input: { what, scope, text: before, problem: messageOf(error) } } };
    }
    return { state: closed, effect: { type: 'change', scope, words: before } };
  }
  const now = name === 'backspace' ? [...before].slice(0, -1).join('') : before + text;
  return { state: { ...state, filter: what === 'filter' ? now : state.filter, input: { what, scope, text: now } } };
}
