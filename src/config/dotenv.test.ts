import { parse } from 'dotenv';
import { expect, test } from 'vitest';
import { parseEnvFile } from './load-settings.js';

test.each([
  ['nothing', ''],
  ['only comments and blank lines', '# FOO=bar\n  # x\n\n \t\n#'],
  ['plain, empty and spaced values', 'A=1\nB=\n  C = 3 \nD=a b # why\nE.x-y=1'],
  ['`export`', 'export A=1\n  export  B="2"'],
  ['quotes', `A='x # y'\nB="a\\nb" # why\nC=\`it's "it"\`\nD=it's\nE="unclosed`],
  [
    'values of several lines',
    'A="-----BEGIN KEY-----\nabc=\n\n# no comment\n-----END KEY-----"\nB=\'1\n2\'\nC=`\n`\nD=4',
  ],
  ['line breaks written as escapes between real ones', 'A="1\n2\\n3\\r4\n5"\nB=6'],
  ['a comment after the closing quote of several lines', 'A="1\n2" # why\nB=3'],
  ['colons', 'A: 1\nB: "two"'],
  ['a byte order mark', '\uFEFFA=1\nB=2'],
  ['a byte order mark before a comment', '\uFEFF# why\nB=2'],
  ['line breaks of Windows', 'A=1\r\n# why\r\nB="x\r\ny"\r\n\r\nC=3\r\n'],
  ['line breaks of old Macs', 'A=1\rB=2\r'],
  ['a comment after an empty value', 'A= # why\n#B=2\nC=3'],
  ['a value with an equals sign', 'A=b=c\nURL=https://x/?y=z#part'],
])('%s: taken as dotenv takes it', (_, text) => {
  expect(parseEnvFile(text, '.env')).toEqual(parse(text));
});

test.each([
  ['a line without a value', 'A=1\nsecret\nB=2', 2],
  ['a name alone', 'export A', 1],
  ['no name', '# why\n\n=secret', 3],
  ['a name with a space', 'A=1\r\nA B=secret', 2],
  ['a quote that is never closed', 'A=1\nB="first\nsecret\nC=3', 3],
  ['something after a closing quote of several lines', 'A="one\nsecret" x\nB=2', 2],
  ['a line after several of a quoted value', 'A="1\n2\n3"\nsecret', 4],
  ['a word that is a part of a value of one line', 'A=my-secret\nsecret', 2],
  ['binary bytes', 'A=1\n\u0001\uFFFD\u0002secret\n', 2],
  ['a zero byte in a value', 'A=1\nB=secret\0\n', 2],
  ['another encoding', '\uFFFD\uFFFDA\0=\u0000s\0e\0c\0r\0e\0t\0', 1],
])('%s is refused with its line, and not shown', (_, text, line) => {
  expect(() => parseEnvFile(text, '.env')).toThrow(
    expect.objectContaining({
      code: 'BAD_ENV_FILE',
      exitCode: 2,
      message: `.env: line ${line} is not NAME=value`,
      hint: expect.not.stringContaining('secret'),
    }),
  );
});
