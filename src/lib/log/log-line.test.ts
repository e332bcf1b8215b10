import { expect, test } from 'vitest';
import { formatLogLine, type LogEntry, parseLogLine } from './log-line.js';

const TIME = Date.UTC(2026, 10, 26, 6, 0, 36, 839);
const entry: LogEntry = {
  time: TIME,
  level: 'warn',
  event: 'puller.failing',
  text: "can't receive from the queue",
  fields: {
    task: 'receive',
    tries: 3,
    late: true,
    reason: 'no "route" to host',
    when: null,
    list: ['a b', 1],
    number: '7',
  },
};

test('a line for people, and the same one for machines', () => {
  expect(formatLogLine(entry, 'text')).toBe(
    `2026-11-26T06:00:36.839Z WARN  puller.failing: can't receive from the queue  task=receive tries=3 late=true reason="no \\"route\\" to host" when=null list=["a\\u0020b",1] number="7"`,
  );
  expect(JSON.parse(formatLogLine(entry, 'json'))).toEqual({
    ...{
      time: '2026-11-26T06:00:36.839Z',
      level: 'warn',
      event: 'puller.failing',
      msg: "can't receive from the queue",
    },
    ...entry.fields,
  });
});

test.each(['text', 'json'] as const)('what was written as %s is read back', (format) => {
  expect(parseLogLine(formatLogLine(entry, format), 0)).toEqual(entry);
});

// Words of sensors and other programs, which may look like anything.
test.each(['text', 'json'] as const)(
  'foreign text in %s moves no cursor, begins no line and adds no field',
  (format) => {
    const hostile = '\u001b[2J\r\nerror: x \u009b1A \u202e  level=error  a=b';
    const line = formatLogLine({ ...entry, text: hostile, fields: { message: hostile } }, format);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left.
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    const read = parseLogLine(line, 0);
    expect([read.level, Object.keys(read.fields ?? {})]).toEqual(['warn', ['message']]);
  },
);

test('a field does not replace what every line has', () => {
  const line = formatLogLine({ ...entry, fields: { level: 'debug', time: 'never', msg: 'other' } }, 'json');
  expect(parseLogLine(line, 0)).toEqual({ ...entry, fields: undefined });
});

test.each<[string, string, Partial<LogEntry>]>([
  ['a text without a time', 'Docker daemon is ready', { time: 5, level: 'info', text: 'Docker daemon is ready' }],
  ['a failed command', 'error: port 1 is in use', { level: 'error', text: 'error: port 1 is in use' }],
  ['an exception', 'TypeError: x is not a function', { level: 'error' }],
  [
    'a time before the line, as Docker gives it',
    '2026-11-26T06:00:36.839123456Z Docker is ready',
    { time: TIME, text: 'Docker is ready' },
  ],
  ['our line after such a time', `2026-11-26T07:00:00.1Z ${formatLogLine(entry, 'text')}`, entry],
  [
    'Bacalhau, as JSON',
    '{"level":"error","NodeID":"n-1","error":"no route","time":"2026-11-26T06:00:36.839123456Z","message":"can not connect"}',
    { time: TIME, level: 'error', text: 'can not connect: no route', fields: { NodeID: 'n-1', error: 'no route' } },
  ],
  [
    'JSON of others',
    '{"color":"#fff","sequence":1}',
    { time: 5, level: 'info', text: '{"color":"#fff","sequence":1}' },
  ],
  ['broken JSON', '{"level":"info","msg":', { time: 5, text: '{"level":"info","msg":' }],
  ['a fatal line of Bacalhau', '06:00:36 | FTL it is over', { level: 'error', text: 'it is over' }],
  ['a warning of Bacalhau', '06:00:36.8 | WRN careful key=value', { level: 'warn', text: 'careful key=value' }],
  ['Bacalhau in a container', '2026-11-26T06:00:36.839Z 07:00:36 | INF x', { time: TIME, level: 'info', text: 'x' }],
])('%s', (_, line, expected) => {
  expect(parseLogLine(line, 5)).toMatchObject(expected);
});
