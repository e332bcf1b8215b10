import { Hono } from 'hono';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '../errors/app-error.js';
import { answerError } from '../errors/http-error.js';
import { lateRefusals, WrongTokens } from './wrong-tokens.js';

function withTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** A service behind a connection from this address. */
function serviceFor(wrong: WrongTokens, address: string, isKnown?: () => boolean) {
  const app = new Hono();
  app.onError((error, c) => answerError(error, c, () => {}));
  app.use(lateRefusals(wrong, isKnown));
  app.get('/', (c) => {
    if (c.req.header('authorization') === 'right') return c.text('in');
    throw new AppError('TOKEN_WRONG', 'no');
  });
  const env = { incoming: { socket: { remoteAddress: address } } };
  /** The status, once it is there. */
  return (token: string) => {
    const answer: { status?: number } = {};
    void Promise.resolve(app.request('/', { headers: { authorization: token } }, env)).then(({ status }) => {
      answer.status = status;
    });
    return answer;
  };
}

test('a wrong token waits, each longer than the one before; right ones and other addresses do not', async () => {
  withTimers();
  const wrong = new WrongTokens();
  const [attacker, other] = [serviceFor(wrong, '10.0.0.1'), serviceFor(wrong, '10.0.0.2')];
  for (const ms of [100, 200, 400, 800, 1600, 2000, 2000]) {
    const answer = attacker('wrong');
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(answer.status).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(answer.status).toBe(403);
  }
  const [right, mistyped] = [attacker('right'), other('wrong')];
  await vi.advanceTimersByTimeAsync(0);
  expect(right.status).toBe(200);
  await vi.advanceTimersByTimeAsync(100);
  expect(mistyped.status).toBe(403);
});

test('while ten wait, further ones of their address are not looked at: not on loopback, where it is everybody', async () => {
  withTimers();
  const wrong = new WrongTokens();
  for (const [address, met] of [
    ['10.0.0.1', 429],
    ['::ffff:10.0.0.2', 429],
    ['2001:db8:1:2::7', 429],
    ['127.0.0.1', 200],
    ['::1', 200],
  ] as const) {
    const ask = serviceFor(wrong, address);
    for (let n = 0; n < 10; n++) ask('wrong');
    await vi.advanceTimersByTimeAsync(0);
    const answer = ask('right');
    await vi.advanceTimersByTimeAsync(0);
    expect([address, answer.status]).toEqual([address, met]);
  }
  const known = serviceFor(wrong, '10.0.0.1', () => true)('right');
  await vi.advanceTimersByTimeAsync(0);
  expect(known.status).toBe(200);
  const [neighbour, stranger] = [
    serviceFor(wrong, '2001:db8:1:2::8')('right'),
    serviceFor(wrong, '2001:db8:9::8')('right'),
  ];
  await vi.advanceTimersByTimeAsync(0);
  expect([neighbour.status, stranger.status]).toEqual([429, 200]);
  await vi.advanceTimersByTimeAsync(2000);
  const later = serviceFor(wrong, '10.0.0.1')('right');
  await vi.advanceTimersByTimeAsync(0);
  expect(later.status).toBe(200);
});
