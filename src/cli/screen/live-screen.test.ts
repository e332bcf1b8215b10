import { expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import type { Network } from '../../network/network.js';
import { perform } from './live-screen.js';
import type { Effect } from './screen-state.js';

type Target = Parameters<typeof perform>[1];

/** What is reported while it is performed. */
async function reports(effect: Effect, target: Partial<Target>): Promise<string[]> {
  const said: string[] = [];
  const missing = () => {
    throw new AppError('NOT_UP', 'no network is up in this folder', { hint: 'Start one.' });
  };
  const all: Target = {
    config: missing,
    network: async () => missing(),
    annotate: async () => {},
  };
  await perform(
    effect,
    { ...all, ...target },
    {
      note: (text) => said.push(text),
      progress: (text) => said.push(`… ${text}`),
    },
  );
  return said;
}

const change: Effect = { type: 'change', scope: { region: 'eu' }, words: 'interval=2' };

test('what is not known here is said, with what to do', async () => {
  const error = 'error: no network is up in this folder. Start one.';
  expect(await reports(change, {})).toEqual(['… region eu: interval=2', error]);
  expect((await reports({ type: 'link', region: 'eu', connected: false }, {})).at(-1)).toBe(error);
});

test('a value that sensors refuse is refused before anything is asked', async () => {
  const [said, ...more] = await reports({ ...change, words: 'interval=abc' }, {});
  expect(said).toMatch(/^error: interval: "abc" must be a number of seconds\. For example/);
  expect(more).toEqual([]);
});

test('a cut is reported to the fleet view, and ends with what was seen', async () => {
  let connected = true;
  const annotated: unknown[] = [];
  const network = {
    nodes: async () => [{ name: 'edge-eu-1', region: 'eu', type: 'edge', connected }],
    setRegionLink: async (_: string, wanted: boolean) => {
      connected = wanted;
    },
  } as unknown as Network;
  const said = await reports(
    { type: 'link', region: 'eu', connected: false },
    { network: async () => network, annotate: async (annotation) => void annotated.push(annotation) },
  );
  expect(annotated).toEqual([{ region: 'eu', connected: false }]);
  expect(said).toEqual([
    '… eu: disconnecting',
    '… eu: 1/1 nodes disconnected',
    expect.stringMatching(/^eu: 1\/1 nodes disconnected \(\d/),
  ]);
});
