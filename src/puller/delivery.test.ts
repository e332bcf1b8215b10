import { expect, test } from 'vitest';
import { formatRelayReport, relayedLine } from '../protocol/relay.js';
import { shardOf } from '../protocol/shard.js';
import { parseDeliveries } from './delivery.js';

const NOW = 1_750_000_000_000;
const REPORT = 'v=5;src=nadfd;file=ok;interval=500;paused=0';
const reading = (over: object = {}) =>
  JSON.stringify({ execution_id: 'e-1', sequence: 7, hostname: 'h', region: 'eu', icon_name: '👩🏽‍🚀', ...over });

function parse(body: string, attributes: Record<string, string> = {}) {
  const message = { id: 'm-1', body, attributes, receipt: 'r-1', receiveCount: 1, sentAt: 0 };
  const { deliveries, rejections } = parseDeliveries(message, NOW);
  expect(deliveries.length + rejections.length).toBe(1);
  return deliveries[0] ?? rejections[0];
}

test('a reading is complete, with its text as it was sent and the configuration that its sensor reports', () => {
  expect(parse(reading(), { sensor_config: REPORT })).toEqual({
    id: 'm-1',
    body: reading(),
    message: JSON.parse(reading()),
    reading: {
      ...{ job_id: '', execution_id: 'e-1', icon_name: '👩🏽‍🚀', timestamp: expect.any(String), color: '' },
      ...{ sequence: 7, region: 'eu', job_submission_time: 0, hostname: 'h' },
    },
    config: expect.objectContaining({ version: 5, file: 'ok', intervalMs: 500, paused: false }),
    receivedAt: NOW,
  });
});

test('a reading from two days ahead, which the proxy took before its clock was corrected, is a reading', () => {
  const time = NOW + 2 * 86_400_000;
  const body = reading({ timestamp: new Date(time).toISOString(), job_submission_time: time });
  expect(parse(body)).toMatchObject({ reading: { sequence: 7, job_submission_time: time } });
});

test('another JSON object is a message without reading', () => {
  const body = '{ "data": {"test":"Hello from curl! 🌡️"} }';
  expect(parse(body)).toEqual({
    ...{ id: 'm-1', body, message: { data: { test: 'Hello from curl! 🌡️' } }, receivedAt: NOW },
    ...{ reading: undefined, config: undefined },
  });
});

test('a dead letter that was sent back has the id that it had, so that a sink recognises it', () => {
  expect(parse('{"data":1}', { replay_of: 'm-0' })).toMatchObject({ id: 'm-0' });
});

test.each([
  ['no JSON', 'Hello', 'NOT_JSON', 'the body is not JSON'],
  ['half JSON', '{"a":', 'NOT_JSON', 'the body is not JSON'],
  ['a JSON string', '"Hello"', 'NOT_AN_OBJECT', 'the body is not a JSON object'],
  ['null', 'null', 'NOT_AN_OBJECT', 'the body is not a JSON object'],
  ['an array', '[{}]', 'NOT_AN_OBJECT', 'the body is not a JSON object'],
  ['a reading whose colour is an object', reading({ color: { r: 1 } }), 'BAD_FIELD', 'color must be a string'],
  ['a reading whose host is null', reading({ hostname: null }), 'BAD_FIELD', 'hostname must be a string'],
  [
    'values nested too deep',
    `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`,
    'TOO_DEEP',
    /^the body is nested more than \d+ levels deep$/,
  ],
])('%s is rejected with the reason', (_, body, code, reason) => {
  expect(parse(body)).toMatchObject({ code, reason: expect.stringMatching(reason) });
});

test('packed readings are one delivery each, with what each sensor reported; a bad one is rejected by itself', () => {
  const text = (sequence: number) => JSON.stringify({ execution_id: 'e', sequence, region: 'eu' });
  const reported = 'v=3;src=ddddd;file=none;interval=1000;paused=0';
  const report = { ...{ name: 'a', region: 'eu', at: 1, backlog: 2 }, oldest: 3, bytes: 4, max: 5, refused: 6 };
  const body =
    relayedLine({ text: text(1) }) +
    relayedLine({ text: text(2), reported }) +
    relayedLine({ text: text(-1) }).concat('x\n');
  const attributes = { packed: 'readings', relay: formatRelayReport(report) };
  const message = { id: 'm', body, attributes, receipt: 'r', receiveCount: 1, sentAt: 0 };
  const { deliveries, rejections } = parseDeliveries(message, NOW);
  expect(deliveries.map(({ id, body: own, config, relay }) => [id, own, config?.version, relay?.backlog])).toEqual([
    ['m/0', text(1), undefined, 2],
    ['m/1', text(2), 3, undefined],
    ['m/2', text(-1), undefined, undefined],
  ]);
  expect(rejections.map(({ code, message: part }) => [code, part.body, part.attributes])).toEqual([
    ['NOT_JSON', 'x', {}],
  ]);
});

test('a message of more lines than any proxy packs is one rejection, not thousands', () => {
  const message = { id: 'm', body: 'x\n'.repeat(130_000), attributes: { packed: 'readings' } };
  const { deliveries, rejections } = parseDeliveries({ ...message, receipt: 'r', receiveCount: 1, sentAt: 0 }, NOW);
  expect([deliveries, rejections.map(({ code, message: { id } }) => [code, id])]).toEqual([[], [['TOO_MANY', 'm']]]);
});

test('a reading in the queue of another shard is rejected, alone or packed; what is no reading may be anywhere', () => {
  const hosts = Array.from({ length: 8 }, (_, i) => `edge-eu-${i}`);
  const texts = [...hosts.map((hostname) => reading({ hostname })), '{"data":1}'];
  const lines = texts.map((text) => relayedLine({ text })).join('');
  const packed = { id: 'm', body: lines, attributes: { packed: 'readings' }, receipt: 'r', receiveCount: 1, sentAt: 0 };
  const own = hosts.filter((hostname) => shardOf(hostname, 4) === 2);
  const { deliveries, rejections } = parseDeliveries(packed, NOW, { index: 2, count: 4 });
  expect(deliveries.map(({ message }) => message.hostname)).toEqual([...own, undefined]);
  expect(new Set(rejections.map(({ code }) => code))).toEqual(new Set(['WRONG_SHARD']));
  expect(rejections.map(({ message: { body } }) => body)).toEqual(
    texts.slice(0, 8).filter((text) => !own.includes(JSON.parse(text).hostname)),
  );
});
