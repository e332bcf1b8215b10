import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SilenceAlert } from '../../fleet/fleet-events.js';
import { openWebhook } from './webhook.js';

const alert = (region: string, over: Partial<SilenceAlert> = {}): SilenceAlert => ({
  ...{ event: 'alert', type: 'region.silent', rule: 'r', region, firing: true, silent_ms: 1, at: 0 },
  ...{ text: `no reading from ${region}`, ...over },
});
const alerts = (count: number) => Array.from({ length: count }, (_, n) => alert(`r${n}`));

interface Post {
  body: SilenceAlert & { alerts?: SilenceAlert[] };
  answer(status?: number): void;
}
let posts: Post[];
let failures: string[];
let post: ReturnType<typeof openWebhook>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  [posts, failures] = [[], []];
  vi.stubGlobal('fetch', (_: string, { body }: { body: string }) => {
    return new Promise<Response>((resolve) => {
      posts.push({ body: JSON.parse(body), answer: (status = 204) => resolve(new Response(null, { status })) });
    });
  });
  post = openWebhook('http://hook.test/', (message) => failures.push(message));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** Regions of a request. */
const regionsOf = ({ body }: Post) => (body.alerts ?? [body]).map(({ region }) => region);

test('one alert is posted as it is', () => {
  post([alert('eu')]);
  expect(posts.map(({ body }) => body)).toEqual([alert('eu')]);
});

test('24,000 alerts of a moment are one request at a time, a hundred alerts in each', async () => {
  post([alert('first'), ...alerts(4_999)]);
  expect(posts.map((post) => regionsOf(post).length)).toEqual([100]);
  expect(posts[0]!.body).toMatchObject({ event: 'alert', region: 'first', text: expect.stringContaining('99 more') });
  for (let answered = 0; answered < posts.length; answered++) {
    expect(posts.length - answered).toBe(1);
    posts[answered]!.answer();
    await pass(0);
  }
  expect([posts.length, new Set(posts.flatMap(regionsOf)).size]).toEqual([50, 5_000]);
  post([alert('first')]);
  post(alerts(24_000));
  expect(failures).toEqual(['14000 alerts were given up: too many wait']);
});

test('of a region the newest alert is posted', async () => {
  post(alerts(1));
  post([alert('eu')]);
  post([alert('eu', { firing: false })]);
  posts[0]!.answer();
  await pass(0);
  expect(posts[1]!.body).toEqual(alert('eu', { firing: false }));
});

test('the end of an alert is posted after its beginning', async () => {
  post([alert('eu')]);
  post([alert('eu', { firing: false })]);
  expect(posts).toHaveLength(1);
  posts[0]!.answer();
  await pass(0);
  expect(posts.map(({ body }) => body.firing)).toEqual([true, false]);
});

test('a webhook that fails is asked again ever more slowly, and given up in the end', async () => {
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    posts.push({ body: JSON.parse(body), answer: () => {} });
    return new Response(null, { status: 500 });
  });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  post([alert('eu')]);
  await pass(240);
  expect(posts).toHaveLength(1);
  await pass(60_000);
  expect([posts.length, failures]).toEqual([5, ['status 500']]);
});
