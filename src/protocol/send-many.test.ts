import { expect, test } from 'vitest';
import { answerLine, parseAnswerLine, parseSendLine, sendLineHead } from './send-many.js';

/** A generator of the same numbers each time (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Parts of lines, and what breaks a line or a JSON text. */
const PARTS = [
  '{"a":1}',
  '"body":',
  '{"config":"x",',
  '}',
  '"',
  '\\',
  ',',
  '🚀',
  '\u2028',
  '\r',
  '\0',
  'Bearer x',
  '[',
  ' ',
];

test('a request is read as it was written, whatever its body and its headers are', () => {
  const below = numbers(1);
  const text = () => Array.from({ length: below(6) }, () => PARTS[below(PARTS.length)]).join('');
  for (let i = 0; i < 20_000; i++) {
    const [authorization, config, body] = [text(), text(), text()];
    const head = sendLineHead({ authorization, config });
    const isPlain = /^[ !#-[\]-~]*$/.test(authorization + config);
    expect(head !== undefined).toBe(isPlain);
    if (head === undefined) continue;
    expect(parseSendLine(`${head}${body}}`)).toEqual({
      authorization: authorization || undefined,
      config: config || undefined,
      body,
    });
    const answer = { status: 200 + below(400), retryAfter: below(2) === 0 ? undefined : below(100), body };
    expect(parseAnswerLine(answerLine(answer).slice(0, -1))).toEqual(answer);
  }
});

test.each([
  '',
  '{}',
  '{"body":1',
  '{"config":5,"body":1}',
  '{"config":"a\\u0041","body":1}',
  ' {"body":1}',
  '{"status":200,"body":1}',
])('nobody who sends many writes %j', (line) => expect(parseSendLine(line)).toBeUndefined());

test.each(['', '{"status":20,"body":1}', '{"status":200,"retryAfter":-1,"body":1}', '{"status":200}', '{"body":1}'])(
  'no proxy answers %j',
  (line) => expect(parseAnswerLine(line)).toBeUndefined(),
);
