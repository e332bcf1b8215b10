/** The table of error codes (src/lib/errors/codes.ts), the code that uses it, and docs/errors.md say the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { CODES, type CodeInfo, isErrorCode } from '../lib/errors/codes.js';

const SRC = join(dirname(fileURLToPath(import.meta.url)), '..');
const TABLE = 'lib/errors/codes.ts';

interface Use {
  code: string;
  where: string;
  /** What the call says, where it does. */
  fault?: string;
  exitCode?: number;
}

/** Functions that take a code, and which argument it is. */
const TAKES_CODE: Record<string, number> = { AppError: 0, usageError: 0, systemError: 0, refusal: 1 };
/** Words in capitals; without an underscore, only our own: Node's `ENOENT` and SQS's statuses are no codes of ours. */
const isCode = (text: string) => /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(text) || isErrorCode(text);

/** The uses of codes in a file, and every string in it. */
function scan(file: string, text: string): { uses: Use[]; strings: string[] } {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const uses: Use[] = [];
  const strings: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) strings.push(node.text);
    const where = `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const name = node.expression.getText();
      const given = node.arguments?.[TAKES_CODE[name] ?? -1];
      for (const code of given ? stringsIn(given) : []) uses.push({ code, where, ...saidBy(name, node) });
    }
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'code') {
      for (const code of stringsIn(node.initializer)) uses.push({ code, where });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { uses: uses.filter(({ code }) => isCode(code)), strings };
}

function stringsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  const found: string[] = [];
  ts.forEachChild(node, (child) => void found.push(...stringsIn(child)));
  return found;
}

function saidBy(name: string, node: ts.CallExpression | ts.NewExpression): Partial<Use> {
  if (name === 'usageError') return { fault: 'user', exitCode: 2 };
  if (name === 'systemError') return { fault: 'system', exitCode: 1 };
  if (name !== 'AppError') return {};
  const [, fault, , options] = node.arguments ?? [];
  if (fault === undefined || !ts.isStringLiteral(fault)) return {};
  return { fault: fault.text, exitCode: /exitCode: 2/.test(options?.getText() ?? '') ? 2 : 1 };
}

const scanned = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('test') && path !== TABLE)
  .map((path) => scan(path, readFileSync(join(SRC, path), 'utf8')));
const uses = scanned.flatMap((file) => file.uses);
const rows: Record<string, CodeInfo> = CODES;

test('every code that is used is in the table', () => {
  expect(uses.length).toBeGreaterThan(100);
  expect(uses.filter(({ code }) => !isErrorCode(code)).map(({ code, where }) => `${code} in ${where}`)).toEqual([]);
});

test('every code of the table is used', () => {
  const strings = new Set(scanned.flatMap((file) => file.strings));
  expect(Object.keys(CODES).filter((code) => !strings.has(code))).toEqual([]);
});

test('every use has the fault and exit code of the table', () => {
  const wrong = uses.filter(({ code, fault, exitCode }) => {
    const row = rows[code];
    return row !== undefined && fault !== undefined && (row.fault !== fault || row.exitCode !== exitCode);
  });
  expect(wrong.map(({ code, where, fault, exitCode }) => `${code} in ${where}: ${fault}, ${exitCode}`)).toEqual([]);
});

test.each([
  [`throw usageError('NEW_CODE', 'x');`, { code: 'NEW_CODE', fault: 'user', exitCode: 2 }],
  [`throw systemError(\n  'NEW_CODE',\n  'x');`, { code: 'NEW_CODE', fault: 'system', exitCode: 1 }],
  [`new AppError('NEW_CODE', 'user', 'x', { exitCode: 2 });`, { code: 'NEW_CODE', fault: 'user', exitCode: 2 }],
  [`return refusal(422, 'NEW_CODE', 'x');`, { code: 'NEW_CODE' }],
  [`const row = { when: /x/, code: 'NEW_CODE' };`, { code: 'NEW_CODE' }],
])('the scan sees the code in %j', (text, use) => {
  expect(scan('a.ts', text).uses).toEqual([{ ...use, where: 'a.ts:1' }]);
});

test('the table is in alphabetical order, with one sentence or two a row', () => {
  expect(Object.keys(CODES)).toEqual(Object.keys(CODES).sort());
  for (const { summary } of Object.values(rows)) expect(summary).toMatch(/^[^|\n]{15,110}\.$/);
});

test('docs/errors.md is made from the table (npm run docs)', async () => {
  const { errorsPage } = await import('../../scripts/generate-docs.js' as string);
  expect(readFileSync(join(SRC, '../docs/errors.md'), 'utf8')).toBe(errorsPage(CODES));
});
