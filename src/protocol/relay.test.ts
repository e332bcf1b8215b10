import { expect, test } from 'vitest';
import { formatRelayReport, parseRelayedLine, parseRelayReport, relayedLine } from './relay.js';

test.each([
  { text: '{"a":1}' },
  { text: '{"a":"}\\n,\\"reading\\":{"}', reported: 'v=0;src=ddddd;file=none;interval=1000;paused=0' },
  { text: '{"config":"x","reading":{}}' },
])('a line is read as it was written: %j', (relayed) => {
  const line = relayedLine(relayed);
  expect(line.endsWith('\n') && JSON.parse(line)).toEqual({
    ...(relayed.reported === undefined ? {} : { config: relayed.reported }),
    reading: JSON.parse(relayed.text),
  });
  expect(parseRelayedLine(line.slice(0, -1))).toEqual(relayed);
});

test.each(['a"b', 'a\\b'])(
  'a report that would have to be escaped is left out, and its reading is not: %s',
  (reported) => {
    expect(relayedLine({ text: '{}', reported })).toBe('{"reading":{}}\n');
  },
);

test('line breaks between the parts of a reading do not end its line', () => {
  expect(relayedLine({ text: '{\r\n "a": 1\n}' })).toBe('{"reading":{   "a": 1 }}\n');
});

test.each([
  '',
  '{}',
  '{"reading":1',
  '{"config":5,"reading":{}}',
  '{"config":"a\\u0041","reading":{}}',
  ' {"reading":{}}',
])('no relay writes %j', (line) => expect(parseRelayedLine(line)).toBeUndefined());

const report = { name: 'a;b=ü', region: 'eu', at: 7, backlog: 1, oldest: 2, bytes: 3, max: 4, refused: 5 };

test('a report is read as it was written, whatever the names', () => {
  expect(formatRelayReport(report)).toBe(
    'name=a%3Bb%3D%C3%BC;region=eu;at=7;backlog=1;oldest=2;bytes=3;max=4;refused=5',
  );
  expect(parseRelayReport(formatRelayReport(report))).toEqual(report);
});

test.each([undefined, '', formatRelayReport(report).replace('a%3B', '%zz'), `${formatRelayReport(report)};x=1`])(
  'what is no report is none: %s',
  (text) => expect(parseRelayReport(text)).toBeUndefined(),
);
