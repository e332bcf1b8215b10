import { expect, test } from 'vitest';
import { SupersededFilter } from './superseded.js';

const MAX_HOSTS = 200_000;
const from = (hostname: string, job_submission_time: number) => ({ hostname, region: 'eu', job_submission_time });

test('what a newer submission has replaced on its host is recognised, and only that', () => {
  const filter = new SupersededFilter();
  expect([2, 1, 2, 3, 2].map((time) => filter.isSuperseded(from('a', time)))).toEqual([
    ...[false, true, false, false, true],
  ]);
  expect(filter.isSuperseded(from('b', 1))).toBe(false);
  expect(filter.isSuperseded({ ...from('a', 1), region: 'us' })).toBe(false);
});

test('what an older submission has kept from before the newer one is data', () => {
  const filter = new SupersededFilter();
  const T = 1_750_000_000_000;
  const taken = (at: number) => ({ ...from('a', T), timestamp: new Date(at).toISOString() });
  filter.isSuperseded(from('a', T + 60_000));
  expect([T, T + 60_000, T + 60_001].map((at) => filter.isSuperseded(taken(at)))).toEqual([false, false, true]);
  expect(filter.isSuperseded({ ...from('a', T), timestamp: 'yesterday' })).toBe(true);
});

test.each([
  { hostname: 'a', region: 'eu' },
  { hostname: 'a', region: 'eu', job_submission_time: 0 },
  { hostname: 7, region: 'eu', job_submission_time: 1 },
  { hostname: 'a', region: null, job_submission_time: 1 },
])('%j is nobody’s predecessor', (message) => {
  const filter = new SupersededFilter();
  filter.isSuperseded(from('a', 9));
  expect(filter.isSuperseded(message)).toBe(false);
});

test('of more hosts than fit, the one whose submission is the oldest here is forgotten first', () => {
  const filter = new SupersededFilter();
  for (let i = 0; i < MAX_HOSTS; i++) filter.isSuperseded(from(`h${i}`, 5));
  const knows = (hostname: string) => filter.isSuperseded(from(hostname, 1));
  // As many as fit are all known.
  expect([knows('h0'), knows('h1'), knows(`h${MAX_HOSTS - 1}`)]).toEqual([true, true, true]);
  // h0 submits again, and so is no longer the oldest when one more comes.
  filter.isSuperseded(from('h0', 6));
  filter.isSuperseded(from('new', 5));
  expect([knows('h0'), knows('h2'), knows('new')]).toEqual([true, true, true]);
  expect(knows('h1')).toBe(false);
});
