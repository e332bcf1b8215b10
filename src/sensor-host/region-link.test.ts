import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { HostList } from '../lib/net/host-list.js';
import type { HttpAnswer, HttpRequest, HttpTransport } from './guest/transport.js';
import { RegionLink } from './region-link.js';

const OK: HttpAnswer = { result: 0, status: 200, headers: '', body: Buffer.alloc(0) };
const NETWORK_ERROR = { result: 2 };
const requestTo = (url: string): HttpRequest => ({
  ...{ method: 'POST', headers: [], body: undefined, maxBodyBytes: 1, allowed: new HostList([]) },
  url: new URL(url),
});

/** Requests under way, each with the way to answer it; `closed` counts those that were given up. */
let sent: ((answer: HttpAnswer) => void)[];
let closed: number;
const transport: HttpTransport = {
  send: (_, done) => {
    sent.push(done);
    return { close: () => closed++ };
  },
  close: async () => {},
};

let link: RegionLink;
let answers: unknown[];
const send = (url = 'http://proxy:9090/send') => link.send(requestTo(url), (answer) => answers.push(answer));

beforeEach(() => {
  [sent, closed, answers] = [[], 0, []];
  link = new RegionLink(transport);
});

test('what is sent over a link that is up is answered once', () => {
  send();
  expect([link.connected, link.calls.size, answers]).toEqual([true, 1, []]);
  sent[0]!(OK);
  sent[0]!(OK);
  expect([link.calls.size, answers]).toEqual([0, [OK]]);
});

test('a cut breaks what is under way, at once and for good: a late answer is none', () => {
  send();
  send();
  link.setConnected(false);
  expect([answers, closed, link.calls.size]).toEqual([[NETWORK_ERROR, NETWORK_ERROR], 2, 0]);
  sent[0]!(OK);
  expect(answers).toHaveLength(2);
});

test('a cut leaves alone what is on site: requests to it go on, and new ones arrive', () => {
  send('http://127.0.0.1:9192/send');
  send('http://127.0.0.1:9193/send');
  link.setConnected(false, '127.0.0.1:9192');
  expect([link.connected, answers, link.calls.size]).toEqual([false, [NETWORK_ERROR], 1]);
  send('http://127.0.0.1:9192/send');
  sent[2]!(OK);
  expect([sent.length, answers]).toEqual([3, [NETWORK_ERROR, OK]]);
});

test('over a cut link nothing is sent, and the failure comes after the call has returned', async () => {
  link.setConnected(false);
  send();
  expect([sent, answers]).toEqual([[], []]);
  await nextTurn();
  expect([sent, answers]).toEqual([[], [NETWORK_ERROR]]);
});

test('restored in between, what was sent while it was cut has failed all the same', async () => {
  link.setConnected(false);
  send();
  link.setConnected(true);
  await nextTurn();
  expect([sent, answers, link.calls.size]).toEqual([[], [NETWORK_ERROR], 0]);
  send();
  expect(sent).toHaveLength(1);
});

test('whoever closes a request hears nothing more, over whatever link', async () => {
  send().close();
  sent[0]!(OK);
  link.setConnected(false);
  send().close();
  await nextTurn();
  expect([answers, closed, link.calls.size]).toEqual([[], 1, 0]);
});

test('every request that ends is counted by how it ended, once; closed ones are not', async () => {
  for (let i = 0; i < 4; i++) send();
  sent[0]!(OK);
  sent[0]!(OK);
  sent[1]!({ ...OK, status: 503 });
  sent[2]!({ result: 3 });
  send().close();
  link.setConnected(false);
  expect(link.counts).toEqual({ '2xx': 1, '5xx': 1, timeout: 1, network_error: 1 });
});
