import { expect, test } from 'vitest';
import { parseLogLine } from '../../lib/log/log-line.js';
import { createLogger } from '../../lib/log/logger.js';
import { logEvent, proxyText } from './event-log.js';

function logged(event: Parameters<typeof logEvent>[1], text: string) {
  const lines: string[] = [];
  logEvent(createLogger({ level: 'debug', format: 'json', write: (line) => lines.push(line) }), event, text);
  const { level, event: name, fields } = parseLogLine(lines[0]!, 0);
  return [name, level, fields];
}

test('what nobody lists is a warning, so that a new event is seen', () => {
  expect(logged({ type: 'new.trouble' }, 'x')).toEqual(['new.trouble', 'warn', undefined]);
});

test('a message is a field unless the sentence quotes it', () => {
  const failing = { type: 'queue.failing' as const, message: 'no route' };
  expect(logged(failing, proxyText(failing))).toEqual(['queue.failing', 'warn', undefined]);
  expect(logged(failing, 'trouble')).toEqual(['queue.failing', 'warn', { message: 'no route' }]);
});

test('what happens for each batch or refused request is for debugging only', () => {
  const sent = { type: 'batch.sent' as const, messages: 1, ms: 2 };
  expect(proxyText(sent)).toBe('1 message sent to the queue in 2 ms');
  expect(logged(sent, proxyText(sent))).toEqual(['batch.sent', 'debug', { messages: 1, ms: 2 }]);
  const refused = {
    type: 'request.refused' as const,
    status: 401,
    code: 'TOKEN_MISSING',
    message: 'a token is needed',
  };
  expect(logged(refused, proxyText(refused))).toEqual([
    'request.refused',
    'debug',
    { status: 401, code: 'TOKEN_MISSING' },
  ]);
});
