/** What would be given up is said before: a terminal is asked, scripts are not held up. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { confirmGivenUp } from './confirm.js';

let answer: boolean;
let asked: string[];
vi.mock('inquirer', () => ({
  default: {
    async prompt([{ message }]: [{ message: string }]) {
      asked.push(message);
      return { yes: answer };
    },
  },
}));

beforeEach(() => {
  [answer, asked] = [false, []];
});
afterEach(() => void vi.restoreAllMocks());

const terminal = (isTTY: boolean) => {
  for (const stream of [process.stdin, process.stdout])
    Object.defineProperty(stream, 'isTTY', { value: isTTY, configurable: true });
};
const kept = { sensors: 3, readings: 75 };
const SAID = '3 sensors keep up to 75 readings, which are given up';

async function ask(given: typeof kept, yes = false) {
  const notes: string[] = [];
  const error = await confirmGivenUp({ note: (text) => notes.push(text) }, given, yes).catch((reason) => reason);
  return { notes, code: error?.code };
}

test('nobody is asked where nothing is kept, and a script is told', async () => {
  terminal(true);
  expect(await ask({ sensors: 0, readings: 0 })).toEqual({ notes: [], code: undefined });
  terminal(false);
  expect(await ask(kept)).toEqual({ notes: [SAID], code: undefined });
  expect(asked).toEqual([]);
});

test('a terminal is asked, unless --yes was given; with no, nothing is done', async () => {
  terminal(true);
  expect(await ask(kept)).toEqual({ notes: [SAID], code: 'NOT_CONFIRMED' });
  answer = true;
  expect(await ask(kept)).toEqual({ notes: [SAID], code: undefined });
  expect(asked).toHaveLength(2);
  expect(await ask(kept, true)).toEqual({ notes: [SAID], code: undefined });
  expect(asked).toHaveLength(2);
});
