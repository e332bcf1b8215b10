import { expect, test } from 'vitest';
import { parseLogLine } from '../../lib/log/log-line.js';
import { createLogger } from '../../lib/log/logger.js';
import type { NetworkFact } from '../../network/network.js';
import type { PullerEvent } from '../../puller/failure-reporter.js';
import type { QueueServerEvent } from '../../sqs-server/sqs-server.js';
import { eventText, type JobsLost, logEvent, type UpEvent } from './event-text.js';

function logged(event: Parameters<typeof logEvent>[1]) {
  const lines: string[] = [];
  logEvent(createLogger({ level: 'debug', format: 'json', write: (line) => lines.push(line) }), event);
  const { level, event: name, fields } = parseLogLine(lines[0]!, 0);
  return [name, level, fields];
}

test('a message is a field unless the sentence quotes it', () => {
  expect(logged({ type: 'queue.failing', message: 'no route' })).toEqual(['queue.failing', 'warn', undefined]);
  const exit = { node: 'n', job: 'j', execution: 'e' };
  expect(logged({ type: 'sensor.failed', message: 'crash', ...exit })).toEqual(['sensor.failed', 'error', exit]);
});

test('what happens for each batch or refused request is for debugging only', () => {
  const sent = { type: 'batch.sent', messages: 1, ms: 2 } as const;
  expect(eventText(sent)).toBe('1 message sent to the queue in 2 ms');
  expect(logged(sent)).toEqual(['batch.sent', 'debug', { messages: 1, ms: 2 }]);
  const refused = { status: 401, code: 'TOKEN_MISSING' };
  expect(logged({ type: 'request.refused', ...refused, message: 'a token is needed' })).toEqual([
    'request.refused',
    'debug',
    refused,
  ]);
});

test('what an operator has changed is told with its place and its values', () => {
  const changed = { type: 'config.changed', version: 7, set: { color: '#ff0000', paused: true } } as const;
  const text = 'configuration (region eu): color=#ff0000, paused=true, interval unset (version 7)';
  expect(eventText({ ...changed, scope: { region: 'eu' }, unset: ['interval'] })).toBe(text);
  const cut = { type: 'region.link', region: 'eu', connected: false } as const;
  expect(eventText(cut)).toBe('eu was cut off by an operator');
  expect(eventText({ ...cut, connected: true })).toBe('eu was reconnected by an operator');
  expect(logged(cut)).toEqual(['region.link', 'info', { region: 'eu', connected: false }]);
});

test('dead letters are named by their reason, and the first by its id', () => {
  const event = { type: 'puller.dead-letters', code: 'NOT_JSON', reason: 'not JSON', id: 'd-1' } as const;
  expect(eventText({ ...event, count: 1 })).toBe('1 dead letter: not JSON (message d-1)');
  expect(eventText({ ...event, count: 3 })).toBe('3 dead letters: not JSON (the first is message d-1)');
});

test.each([
  ['receive', "can't receive from the queue, retrying: down", 'receiving from the queue again'],
  ['accept', "can't store readings, retrying: down", 'storing readings again'],
  ['delete', "can't delete messages from the queue, retrying: down", 'deleting messages from the queue again'],
  ['count-dead-letters', "can't count the dead letters, retrying: down", 'counting the dead letters again'],
  ['checkpoint', "can't save the fleet view to the store, retrying: down", 'saving the fleet view to the store again'],
  [
    'retention',
    "can't delete old readings from the store, retrying: down",
    'deleting old readings from the store again',
  ],
] as const)('a puller on which %s fails, and works again', (task, failing, recovered) => {
  expect(eventText({ type: 'puller.failing', task, message: 'down' })).toBe(failing);
  expect(eventText({ type: 'puller.recovered', task })).toBe(recovered);
});

test('a dead letter that is not taken, and a webhook that takes no alert', () => {
  expect(eventText({ type: 'puller.failing', task: 'dead-letter', message: 'there is none' })).toBe(
    "can't move a message to the dead-letter queue, retrying: there is none",
  );
  expect(eventText({ type: 'webhook.failed', message: 'status 500' })).toBe(
    'the alert was not delivered to the webhook: status 500',
  );
});

test.each<[PullerEvent, RegExp]>([
  [
    {
      type: 'database-rewritten',
      path: 's/readings.db',
      problem: 'deleted',
      quarantined: undefined,
      salvaged: undefined,
    },
    /^s\/readings\.db was deleted while it was in use\. It is written back; nothing is missing$/,
  ],
  [
    { type: 'database-rewritten', path: 's', problem: 'replaced', quarantined: 's.damaged', salvaged: { readings: 2 } },
    /written back; 2 rows could be read.*; what was in its place is kept as s\.damaged$/,
  ],
  [{ type: 'clock-stepped', byMs: 90_000_000 }, /^the clock was set 25 hours ahead; nothing expires/],
  [{ type: 'store.damaged-rows', count: 2 }, /^2 rows of the store are damaged/],
])('%j', (event, text) => {
  expect(eventText(event)).toMatch(text);
});

const path = 's/queue.db';

test.each<[QueueServerEvent, RegExp]>([
  [{ type: 'clock-stepped', byMs: 432_000_000 }, /^the clock was set 5 days ahead; nothing expires/],
  [{ type: 'clock-stepped', byMs: -3_600_000, whileStopped: true }, /has moved 60 minutes back since the last run;/],
  [{ type: 'clock-corrected', byMs: 172_800_000 }, /right again: its step of 2 days ahead/],
  [{ type: 'clock-step-confirmed', byMs: -4_000 }, /step of 4 seconds back has lasted an hour/],
  [
    { type: 'database-quarantined', path, quarantined: `${path}.damaged`, problem: 'x', salvaged: { a: 2, b: 3 } },
    /queue\.db was damaged \(x\)\. It is kept as s\/queue\.db\.damaged; 5 rows could be read/,
  ],
  [
    { type: 'database-quarantined', path, quarantined: `${path}.damaged`, problem: 'x', salvaged: {} },
    /nothing in it can be read/,
  ],
  [{ type: 'store-lost', path, message: 'It was deleted.' }, /^It was deleted\. No message is taken/],
  [{ type: 'store-restored', path }, /written back; nothing is lost/],
  [{ type: 'store-restored', path, salvaged: { a: 1 } }, /written back; 1 row could be read/],
  [{ type: 'store-restore-failed', path, message: 'no room' }, /can't be written back.*: no room/],
  [{ type: 'store-full', path }, /full: messages are given out and deleted, but none are taken/],
  [{ type: 'message-damaged', queue: 'q', id: '7' }, /^message 7 of q is damaged: it is kept/],
  [{ type: 'message-damaged', queue: 'q', id: '7', deadLetterQueue: 'd' }, /it is in d now$/],
  [{ type: 'store-writable', path }, /has room again/],
])('%j', (event, text) => {
  expect(eventText(event)).toMatch(text);
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
  [{ type: 'child.ready', name: 'sensors', pid: 1, afterMs: 2 }, 'sensor host ready'],
  [{ type: 'child.ready', name: 'proxy', pid: 1, afterMs: 2 }, 'proxy ready'],
  [{ type: 'child.ready', name: 'constructor', pid: 1, afterMs: 2 }, 'constructor ready'],
  [{ type: 'network.progress', step: 'nodes connected', done: 1, total: 3 }, 'nodes connected: 1/3'],
  [{ type: 'network.progress', step: 'orchestrator', done: 0, total: 1 }, 'orchestrator'],
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
test.each(notes)('%j', (event, text) => {
  expect(eventText(event)).toEqual(matching(text));
});

const facts: [NetworkFact | JobsLost, string | RegExp][] = [
  [{ type: 'jobs.quarantined', file: 'x.damaged' }, /is now x\.damaged; deploy again/],
  [{ type: 'job.lost', job: 'm', reason: 'no module' }, /^m does not run again .*: no module$/],
  [{ type: 'node.unschedulable', node: 'n', reason: 'no engine' }, "n can't run sensors: no engine"],
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
  [{ type: 'proxy.not-linked', url: 'http://p' }, /^http:\/\/p can't be reached through a link/],
];
test.each(facts)('the fact %j', (fact, text) => {
  expect(eventText(fact)).toEqual(matching(text));
});
