import { expect, test } from 'vitest';
import { LOG_LEVELS, type LogLevel, parseLogLine } from './log-line.js';
import { createLogger, stackOf } from './logger.js';

function logged(level: LogLevel, format: 'text' | 'json' = 'text') {
  const lines: string[] = [];
  return { log: createLogger({ level, format, write: (line) => lines.push(line) }), lines };
}

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
] as const)('at level %s it writes %j', (level, written) => {
  const { log, lines } = logged(level);
  for (const own of LOG_LEVELS) log[own]('it.happened', `an ${own}`);
  expect(lines.map((line) => parseLogLine(line.trimEnd(), 0).level)).toEqual(written);
});

test('each call is one line, with the time of the call', () => {
  const { log, lines } = logged('info', 'json');
  const before = Date.now();
  log.info('it.happened', 'two\nlines', { message: 'and\nmore', none: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  const { time, ...entry } = parseLogLine(lines[0]!.trimEnd(), 0);
  expect(entry).toEqual({ level: 'info', event: 'it.happened', text: 'two\nlines', fields: { message: 'and\nmore' } });
  expect(time).toBeGreaterThanOrEqual(before);
});

test.each(['text', 'json'] as const)('credentials in URLs are not written as %s', (format) => {
  const { log, lines } = logged('info', format);
  log.info('queue.failing', "can't reach https://me:secret@host/q?key=secret", { url: 'https://me:secret@host/q' });
  expect(lines[0]).not.toContain('secret');
  expect(lines[0]).toContain('https://host/q');
});

test('the stack of a bug is a field, with the paths as they are', () => {
  const error = new Error('oops');
  error.stack = 'Error: oops\n    at f (file:///node_modules/@hono/node-server/dist/index.js:1:2)';
  const { log, lines } = logged('info');
  log.error('failed', 'oops', stackOf(error));
  expect(parseLogLine(lines[0]!.trimEnd(), 0).fields).toEqual({
    stack: '    at f (file:///node_modules/@hono/node-server/dist/index.js:1:2)',
  });
  expect(stackOf('no error')).toEqual({});
});
