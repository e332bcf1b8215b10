import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import type { NetworkFact } from '../../network/network.js';
import {
  downDocument,
  downText,
  endpointLines,
  factText,
  noteOf,
  progressOf,
  type UpEvent,
  upTimeoutHint,
} from './up-text.js';

test.each([
  [{ type: 'child.ready', name: 'sensors', pid: 1, afterMs: 2 }, 'sensor host ready'],
  [{ type: 'child.ready', name: 'proxy', pid: 1, afterMs: 2 }, 'proxy ready'],
  [{ type: 'child.ready', name: 'constructor', pid: 1, afterMs: 2 }, 'constructor ready'],
  [{ type: 'network.progress', step: 'nodes connected', done: 1, total: 3 }, 'nodes connected: 1/3'],
  [{ type: 'network.progress', step: 'orchestrator', done: 0, total: 1 }, 'orchestrator'],
] as const)('%j is progress, and no note', (event, text) => {
  expect([progressOf(event), noteOf(event)]).toEqual([text, undefined]);
});

const matching = (text: string | RegExp) => (typeof text === 'string' ? text : expect.stringMatching(text));

const exited = {
  type: 'child.exited',
  name: 'sensors',
  how: 'exit code 1',
  restartInMs: 100,
  lastLines: [] as string[],
} as const;

const notes: [UpEvent, string | RegExp][] = [
  [{ type: 'nodes.late', nodes: ['a'] }, 'a is not connected yet; sensors start there later'],
  [
    { type: 'nodes.late', nodes: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    'a, b, c, d, e, 2 more are not connected yet; sensors start there later',
  ],
  [{ type: 'node.arrived', node: 'a' }, 'a is connected now'],
  [exited, 'sensor host exited (exit code 1); restarting it in 100 ms'],
  [
    { ...exited, lastLines: ['a', 'b'] },
    'sensor host exited (exit code 1); restarting it in 100 ms; its last output: a / b',
  ],
  [{ type: 'child.restarted', name: 'proxy', pid: 7 }, 'proxy restarted (pid 7)'],
  [{ type: 'change.lost', reason: 'disk full' }, /^run\.json can't be written \(disk full\); everything keeps running/],
  [
    { type: 'network.port-moved', purpose: 'proxy', wanted: 9090, port: 9095 },
    'proxy: port 9090 is in use; using 9095',
  ],
  [
    { type: 'job.restarted', job: 'publisher-eu', nodes: ['a', 'b'] },
    'publisher-eu restarted: Bacalhau had given up on a, b',
  ],
];
test.each(notes)('%j is a note, and no progress', (event, text) => {
  expect(noteOf(event)).toEqual(matching(text));
  expect(progressOf(event)).toBeUndefined();
});

const facts: [NetworkFact, string | RegExp][] = [
  [{ type: 'node.unschedulable', node: 'n', reason: 'no engine' }, "n can't run sensors: no engine"],
  [{ type: 'jobs.quarantined', file: 'x.damaged' }, /is now x\.damaged; deploy again/],
  [{ type: 'hostname.not-forwarded', region: 'eu' }, /^eu: .*HOSTNAME/],
  [{ type: 'proxy.unreachable', url: 'http://p' }, /^http:\/\/p does not answer from here/],
  [{ type: 'secrets.in-job', variables: ['A', 'B'] }, /^A, B: .* users of the cluster can read/],
  [
    { type: 'container.crashed', service: 'sqs-proxy', lastLines: ['a', 'b'] },
    'sqs-proxy crashed; Docker restarts it; its last output: a / b',
  ],
  [
    { type: 'container.exited', service: 'edge-us-1', exitCode: 137, lastLines: [] },
    'edge-us-1 was stopped (exit code 137); starting it again',
  ],
  [{ type: 'docker.silent', reason: 'no engine' }, 'containers are not watched: no engine'],
  [{ type: 'docker.answering' }, 'containers are watched again: Docker answers'],
  [{ type: 'orphan.removed', name: 'p-queue-1' }, /^removed p-queue-1, /],
  [{ type: 'orphan.kept', name: 'n (used by x)' }, 'could not remove n (used by x)'],
  [{ type: 'services-node.missing', reason: 'no' }, 'no node for service jobs: no'],
  [{ type: 'environment.made', file: '.env' }, /^made \.env; while it is empty/],
  [{ type: 'proxy.not-relayed', url: 'http://p' }, /^http:\/\/p can't be reached through a relay/],
];
test.each(facts)('the fact %j', (fact, text) => {
  expect(factText(fact)).toEqual(matching(text));
});

const ownAddresses = () =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');

test('addresses are named for people', () => {
  const endpoints = { proxy: 'a', jobProxy: 'b', webUi: 'c', api: 'd', constructor: 'e' };
  expect(endpointLines(endpoints)).toEqual([
    ...['proxy     a', 'job proxy b', 'web UI    c', 'API       d', 'constructor e'],
  ]);
  // A machine may have no other address.
  const [proxy, queue] = endpointLines({ proxy: 'https://127.0.0.1:9090', queue: 'http://127.0.0.1:9324' }, '0.0.0.0');
  expect(proxy).toMatch(/^proxy {5}https:\/\/127\.0\.0\.1:9090(, https:\/\/[\d.]+:9090)*$/);
  expect(proxy!.split(', ').length).toBe(1 + Math.min(3, ownAddresses().length));
  expect(queue).toBe('queue     http://127.0.0.1:9324');
});

test('after a timeout of `up` it says what was stopped', () => {
  expect(upTimeoutHint(false, 'http://p')).toBe(
    'Nothing answers at http://p (--proxy-url), where the sensors send to. Everything was stopped.',
  );
  expect(upTimeoutHint(false)).toMatch(/^Everything was stopped\. /);
  expect(upTimeoutHint(true)).toMatch(/^Proxy and puller were stopped\. /);
});

const down = {
  stopped: ['up (pid 1)', 'proxy'],
  data: { removed: [], kept: [] },
  kept: [],
  hadState: true,
  sensorsKeepRunning: false,
};

test.each([
  [{}, 'stopped: up (pid 1), proxy'],
  [{ stopped: [], hadState: false }, 'nothing is running here'],
  [{ stopped: [] }, 'nothing was left running; the state is cleaned up'],
  [{ stopped: [], kept: ['x'] }, 'nothing was stopped'],
  [{ data: { removed: ['v1', 'v2'], kept: [] } }, 'stopped: up (pid 1), proxy\nremoved: v1, v2'],
  [{ sensorsKeepRunning: true }, /^stopped: .*\nsensors that were not stopped keep running/],
])('down: %j', (over, text) => {
  expect(downText({ ...down, ...over })).toEqual(matching(text));
});

test('down: what could not be removed, and what stays, is in the document', () => {
  expect(downDocument({ ...down, kept: ['x'], data: { removed: ['v'], kept: ['w'] } })).toEqual({
    ...{ ended: ['up (pid 1)', 'proxy'], removed: ['v'], kept: ['x', 'w'] },
  });
  expect(downDocument({ ...down, sensorsKeepRunning: true })).toHaveProperty('left');
});
