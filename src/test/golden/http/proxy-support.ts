/** A proxy at a fixed time, before a queue that writes down what it is given. */
import { DesiredConfigStore } from '../../../proxy/desired-config-store.js';
import { createProxy } from '../../../proxy/proxy.js';
import type { OutgoingMessage, Queue, SendResult } from '../../../queue/queue.js';
import { HttpTranscript } from './http-transcript.js';

/** What every clock shows at first. */
export const NOW = Date.parse('2025-03-26T12:00:00.000Z');
export const DAY = 86_400_000;

const OPERATOR = 'operator-secret';
export const SENSOR = 'sensor-secret';
export const operator = { authorization: `Bearer ${OPERATOR}` };
export const json = { 'content-type': 'application/json' };

/** A full reading of nine fields; `over` replaces some. */
export const reading = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  job_id: 'j-1',
  execution_id: 'e-1',
  icon_name: '🚀',
  timestamp: '2025-03-26T11:59:59.500Z',
  color: '#00ff88',
  sequence: 1,
  region: 'eu',
  job_submission_time: NOW - 60_000,
  hostname: 'edge-eu-1',
  ...over,
});

/** What a sensor reports of itself: the version it has applied. */
export const reports = (version: number | string) => ({
  'x-sensor-config': `v=${version};src=ddddd;file=none;interval=5000;paused=0`,
});

/** What the queue does with messages; by default it takes all. */
export type Send = (messages: OutgoingMessage[]) => Promise<SendResult[]>;

const takeAll: Send = async (messages) => messages.map((_, i) => ({ ok: true, id: `m-${i + 1}` }));

export class FakeQueue implements Queue {
  readonly name = 'http://queue.test/000000000000/readings';
  /** Messages given to it since the last look. */
  #given: OutgoingMessage[] = [];
  answer: Send = takeAll;
  check: () => Promise<void> = async () => {};

  send(messages: OutgoingMessage[]): Promise<SendResult[]> {
    this.#given.push(...messages);
    return this.answer(messages);
  }

  /** What it was given since the last call of this. */
  look(): OutgoingMessage[] {
    return this.#given.splice(0);
  }

  receive = async () => [];
  delete = async () => [];
  deadLetter = async () => '';
  depth = async () => ({ visible: 0, inFlight: 0, delayed: 0 });
  deadLetterDepth = async () => undefined;
  close(): void {}
}

export type ProxyDeps = Parameters<typeof createProxy>[0];

export interface ProxyOfTest {
  queue: FakeQueue;
  desired: DesiredConfigStore;
  proxy: ReturnType<typeof createProxy>;
  transcript: HttpTranscript;
}

/** A proxy with its transcript. Changing configuration is allowed to the operator. */
export function proxyOfTest(title: string, deps: Partial<ProxyDeps> = {}): ProxyOfTest {
  const queue = new FakeQueue();
  const desired = deps.desired ?? new DesiredConfigStore();
  const proxy = createProxy({ queue, ...deps, desired, guard: { operatorToken: OPERATOR, ...deps.guard } });
  return { queue, desired, proxy, transcript: new HttpTranscript(title, proxy.app) };
}
