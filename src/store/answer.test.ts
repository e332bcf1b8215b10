import { expect, test } from 'vitest';
import { readAnswer } from './answer.js';

const WHOLE = '{"columns":["region","n"]}\n\n["eu",1]\n["über",2]\n\n{"end":{"rows":2}}\n';

/** The bytes of a text in pieces of `size`. */
async function* pieces(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(text: string, size = 1000) {
  const answer = await readAnswer(pieces(text, size));
  const rows = [];
  for await (const row of answer.rows) rows.push(row);
  return { columns: answer.columns, rows, end: answer.end() };
}

test.each([1, 2, 7, 1000])('an answer is the same in pieces of %d bytes', async (size) => {
  const rows = [
    ['eu', 1],
    ['über', 2],
  ];
  expect(await readAll(WHOLE, size)).toEqual({ columns: ['region', 'n'], rows, end: { rows: 2 } });
});

test.each(['', '\n', '{"columns":["a"]}\n[1]\n', '{"columns":["a"]}\n[1]\n{"end":{"row'])(
  '%j has ended early',
  async (text) => {
    await expect(readAll(text)).rejects.toThrow(
      expect.objectContaining({ code: 'READ_FAILED', message: expect.stringContaining('early') }),
    );
  },
);

test.each([
  '{"error":{"code":"QUERY_TOO_LONG","message":"late","hint":"less"}}\n',
  '{"columns":["a"]}\n["br\n{"error":{"code":"QUERY_TOO_LONG","message":"late","hint":"less"}}\n',
])('the error in %j is that of the answer', async (text) => {
  await expect(readAll(text)).rejects.toThrow(
    expect.objectContaining({ code: 'QUERY_TOO_LONG', message: 'late', hint: 'less' }),
  );
});

test('an error that only a newer reader knows is a failure of the reader', async () => {
  const error = { code: 'FROM_TOMORROW', message: 'why' };
  await expect(readAll(`${JSON.stringify({ error })}\n`)).rejects.toMatchObject({
    code: 'READ_FAILED',
    message: 'why',
  });
});
