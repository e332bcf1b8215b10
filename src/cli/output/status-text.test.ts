import { expect, test } from 'vitest';
import type { Status } from '../../operations/read-status.js';
import type { RunState } from '../../runtime/run-state.js';
import { edgeNode, execution, jobInfo } from '../../test/support/fake-network.js';
import { statusDocument, statusText, unansweredText } from './status-text.js';
import { styleFor } from './terminal-text.js';

const plain = styleFor(process.stdout, 'never');
const state = {
  ...{ kind: 'embedded', up: { name: 'up', pid: 7, started: '' } },
  endpoints: { proxy: 'http://p', puller: 'http://q', webUi: 'http://w' },
  settings: {},
} as unknown as RunState;
const total = { live: 2, paused: 0, silent: 0, rate: 1, received: 1, gaps: 0, late: 0, duplicates: 0 };
const region = { region: 'eu', ...total, cut: false, colors: [], interval_ms: 1000 };

const status = (over: Partial<Status> = {}): Status =>
  ({
    nodes: [edgeNode('edge-eu-1'), edgeNode('edge-eu-2'), edgeNode('web', { type: 'web-services', region: '' })],
    jobs: [jobInfo({ role: 'publisher', region: 'eu' }), jobInfo({ role: 'proxy' }, { version: 3, state: 'failed' })],
    fleet: { summary: { time: 0, relays: [], regions: [region], total }, sensors: [] },
    convergence: { sensors: 2, converged: 2 },
    puller: { queue: 'q', depth: { visible: 3, inFlight: 2, delayed: 1 } },
    proxies: [],
    ...{ notices: [], unanswered: [], revoked: [], versions: {} },
    ...over,
  }) as unknown as Status;

const lines = (over: Partial<Status> = {}) => statusText(state, status(over), plain).split('\n');
const line = (name: string, over: Partial<Status> = {}) =>
  lines(over)
    .find((one) => one.startsWith(name.padEnd(10)))
    ?.slice(10);

test('what runs, and where', () => {
  expect(lines().slice(0, 8)).toEqual([
    'network   embedded (up runs as pid 7)',
    'proxy     http://p',
    'puller    http://q',
    'web UI    http://w',
    'nodes     3/3 connected',
    'jobs      publisher-eu v1 running; proxy v3 failed',
    'sensors   2/2 reporting, converged',
    'queue     3 waiting, 2 in flight, 1 delayed',
  ]);
});

test('nodes: those that are gone, and those that can’t run sensors, which are not waited for', () => {
  const nodes = [edgeNode('edge-eu-1', { connected: false }), edgeNode('edge-us-1', { unschedulable: 'no engine' })];
  expect(line('nodes', { nodes })).toBe('1/2 connected; disconnected: edge-eu-1');
  expect(lines({ nodes })).toContain("          edge-us-1 can't run sensors: no engine");
  expect(line('sensors', { nodes })).toBe('2 reporting, converged');
  expect(lines({ nodes }).join()).toContain('eu (1/1 nodes disconnected)');
  const many = Array.from({ length: 12 }, (_, i) => edgeNode(`edge-eu-${i}`, { connected: false }));
  expect(line('nodes', { nodes: many })).toMatch(/^0\/12 connected; disconnected: edge-eu-0, .*edge-eu-9, 2 more$/);
});

test('sensors that have not converged, and where nothing is expected of any', () => {
  expect(line('sensors', { convergence: { sensors: 3, converged: 1 } as never })).toBe('2/2 reporting, 1/3 converged');
  expect(line('sensors', { convergence: { sensors: 0, converged: 0 } as never })).toBe('2/2 reporting');
});

test('what does not answer is unknown', () => {
  const over = { nodes: undefined, jobs: undefined, convergence: undefined, puller: { queue: 'q' } as never };
  expect(['nodes', 'jobs', 'sensors', 'queue'].map((name) => line(name, over))).toEqual([
    ...['unknown', 'unknown', '2 reporting', 'does not answer'],
  ]);
  expect(unansweredText({ service: 'network', reason: 'gone' })).toBe('the network does not answer: gone');
});

test('dead letters are with the queue; what was refused has its reasons, where there is any', () => {
  const puller = { queue: 'q', depth: { visible: 3, inFlight: 2, delayed: 1 }, deadLetters: 1 };
  expect(line('queue', { puller: puller as never })).toBe('3 waiting, 2 in flight, 1 delayed, 1 dead letter');
  const counted = {
    puller: { ...puller, deadLetteredBy: { NOT_JSON: 1, BAD_FIELD: 2 } },
    proxies: [
      { url: 'http://p', superseded: 4, refused: { TOO_LARGE: 1, BAD_FIELD: 2 } },
      { url: 'http://r', superseded: 1, refused: { BAD_FIELD: 3 } },
    ],
  } as never;
  expect(['refused', 'rejected', 'dropped'].map((name) => line(name, counted))).toEqual([
    '5 BAD_FIELD, 1 TOO_LARGE (by the proxy)',
    '2 BAD_FIELD, 1 NOT_JSON (by the puller: dead letters)',
    '5 readings of superseded submissions',
  ]);
  expect(['refused', 'rejected', 'dropped'].map((name) => line(name))).toEqual([undefined, undefined, undefined]);
  expect(statusDocument(state, status(counted))).toMatchObject({
    queue: { deadLetters: 1 },
    puller: { deadLetteredBy: { NOT_JSON: 1 } },
    proxies: [{ url: 'http://p', refused: { TOO_LARGE: 1 } }, { url: 'http://r' }],
  });
});

test('nothing is deployed', () => {
  expect(line('jobs', { jobs: [] })).toBe('none');
  const [us, eu] = ['us', 'eu'].map((region) => jobInfo({ role: 'publisher', region }));
  expect(line('jobs', { jobs: [us!, jobInfo({ role: 'proxy' }, { version: 3 }), eu!] })).toBe(
    'publisher-us, publisher-eu v1 running; proxy v3 running',
  );
  const empty = { fleet: { summary: { time: 0, relays: [], regions: [], total }, sensors: [] } as never };
  expect(lines(empty).at(-1)).toBe('no readings yet: run `wasm-sensors deploy publisher`');
});

test('failed executions, and those that were replaced, of which the newest are shown', () => {
  const executions = [
    { ...execution('edge-eu-1', 'failed', 'lost'), id: 'e1' },
    { ...execution('edge-eu-1', 'running'), id: 'e2' },
    { ...execution('edge-eu-2', 'failed', 'crash'), id: 'e3' },
  ];
  expect(lines({ jobs: [jobInfo({ role: 'publisher', region: 'eu' }, { executions })] }).slice(-6)).toEqual([
    ...['', 'failed executions', '  publisher-eu  edge-eu-2  crash'],
    ...['', 'replaced executions', '  publisher-eu  edge-eu-1  lost  → e2'],
  ]);
  const many = (replaced: boolean) =>
    Array.from({ length: 25 }, (_, i) => ({ ...execution(replaced ? 'n' : `n${i}`, 'failed'), id: `e${i}` }));
  const shown = (replaced: boolean) =>
    lines({ jobs: [jobInfo({ role: 'publisher', region: 'eu' }, { executions: many(replaced) })] }).filter((one) =>
      one.startsWith('  publisher'),
    );
  expect(shown(false)).toHaveLength(20);
  expect(shown(true)).toHaveLength(1 + 5);
});

test('the document has everything', () => {
  const node = edgeNode('edge-us-1', { unschedulable: 'no engine' });
  expect(statusDocument(state, status({ nodes: [node, edgeNode('edge-eu-1')] }))).toMatchObject({
    ...{ network: 'embedded', pid: 7, endpoints: { webUi: 'http://w' } },
    nodes: [node, edgeNode('edge-eu-1')],
    queue: { name: 'q', depth: { visible: 3 } },
    puller: { queue: 'q' },
  });
  expect(statusDocument(state, status({ nodes: undefined })).nodes).toBeUndefined();
});

test('what is wrong with the stores of puller and queue and with the clock, and nothing when all is well', () => {
  const puller = { queue: 'q', depth: undefined, clockAheadMs: -3_600_000 };
  const store = {
    ...{ damagedRows: 2, quarantined: ['s/readings.db.damaged'] },
    writtenBack: { problem: 'deleted', times: 1, agoMs: 300_000 },
  };
  const queueServer = {
    ...{ status: 'not ready', code: 'QUEUE_STORE_FULL', reason: 'The disk is full.' },
    ...{ quarantined: ['s/queue.db.damaged'], writtenBack: { ...store.writtenBack, problem: 'replaced' } },
    damagedMessages: 4,
  };
  const shown = lines({ puller: { ...puller, store, queueServer } as never });
  expect(shown.filter((one) => one.startsWith('store'))).toEqual([
    'store     was damaged or replaced; the other one is kept as s/readings.db.damaged',
    'store     was deleted while in use, 5 minutes ago; it is written back whole',
    'store     damaged rows: 2',
    'store     of the queue takes no messages: The disk is full.',
    'store     of the queue was damaged or replaced; the other one is kept as s/queue.db.damaged',
    'store     of the queue was replaced while in use, 5 minutes ago; it is written back whole',
    'store     of the queue has damaged messages: 4',
  ]);
  expect(shown.join('\n')).toMatch(/^clock {5}the clock was set 60 minutes back;/m);
  expect([line('store'), line('clock')]).toEqual([undefined, undefined]);
});

test('publishers that are not as this program deployed them', () => {
  const notices: Status['notices'] = [
    { type: 'publisher.foreign', job: 'publisher-eu', owner: '0123456789abcdef', proxyUrl: 'http://theirs' },
    { type: 'publisher.sends-elsewhere', job: 'publisher-us', proxyUrl: 'http://elsewhere' },
  ];
  const from = lines({ notices }).findIndex((one) => one.startsWith('jobs'));
  expect(lines({ notices }).slice(from + 1, from + 3)).toEqual([
    '          publisher-eu is of another state folder (owner 0123456789abcdef) and sends to http://theirs',
    '          publisher-us sends to http://elsewhere, which is no proxy of this `up`',
  ]);
  expect(statusDocument(state, status({ notices }))).toMatchObject({ notices });
});

test.each([
  ['all send', {}, 0, '2/2 reporting, converged'],
  ['one is paused', { live: 1, paused: 1 }, 0, '1/2 reporting, 1 paused, converged'],
  ['one is silent', { live: 1, silent: 1 }, 0, '1/2 reporting, 1 silent, converged'],
  ['a node is gone', { live: 1, silent: 1 }, 1, '1/2 reporting, 1 cut off, converged'],
  [
    'the region is cut, and one still counts as live',
    { live: 1, silent: 1, cut: true },
    0,
    '1/2 reporting, 1 cut off, converged',
  ],
  ['it is cut for so long that its sensors are gone', { live: 0, cut: true }, 2, '0/2 reporting, 2 cut off'],
  ['it is cut while it is paused', { live: 0, paused: 2, cut: true }, 0, '0/2 reporting, 2 cut off'],
])('sensors count once: %s', (_, over, lost, text) => {
  const own = { ...region, ...over };
  const summary = { time: 0, relays: [], regions: [own], total: { ...total, ...over } };
  const nodes = [1, 2].map((i) => edgeNode(`edge-eu-${i}`, { connected: i > lost }));
  expect(line('sensors', { nodes, fleet: { summary, sensors: [] } as never })).toBe(text);
});

test('hosts that are revoked are named', () => {
  expect(line('revoked', { revoked: ['edge-eu-1', 'x'] })).toBe('edge-eu-1, x: readings are refused');
  expect(line('revoked')).toBeUndefined();
});
