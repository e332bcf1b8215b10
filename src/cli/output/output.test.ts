import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { Output, type OutputMode } from './output.js';

const real = { isTTY: process.stdout.isTTY, columns: process.stdout.columns };
let stdout: string;
let stderr: string;

beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const stream of [process.stdout, process.stderr]) Object.assign(stream, real);
});

const open = (mode: OutputMode, ansi: 'never' | 'always' = 'never') => new Output('deploy publisher', mode, ansi);

test('text: the result is the payload, everything else goes to stderr', () => {
  const out = open('text');
  out.progress('waiting');
  out.note('noted');
  out.warn('careful');
  out.result({ sensors: 3 }, () => '3 sensors');
  expect([stdout, stderr]).toEqual(['3 sensors\n', '… waiting\nnoted\n! careful\n']);
});

test('json: one document, with the warnings', () => {
  const out = open('json');
  out.warn('first');
  out.warn('second');
  out.result({ sensors: 3 }, () => '3 sensors');
  const document = {
    ...{ schemaVersion: 1, command: 'deploy publisher', status: 'ok', data: { sensors: 3 } },
    warnings: ['first', 'second'],
  };
  expect(stdout).toBe(`${JSON.stringify(document, null, 2)}\n`);
});

test('ndjson: a document is one line', () => {
  open('ndjson').result([1], () => '');
  expect(stdout).toBe('{"schemaVersion":1,"command":"deploy publisher","status":"ok","data":[1]}\n');
});

test.each([
  ['text', 'a line\n'],
  ['ndjson', '{"event":"reading"}\n'],
  ['json', ''],
] as const)('an event with -o %s', (mode, expected) => {
  const out = open(mode);
  out.event({ event: 'reading' }, () => 'a line');
  expect(stdout).toBe(expected);
});

test('an event without text is not shown, and has no empty line', () => {
  open('text').event({ event: 'summary' }, () => undefined);
  expect(stdout).toBe('');
});

test('progress that repeats is one line where the stream is no terminal', () => {
  const out = open('text');
  for (const text of ['1/3', '1/3', '2/3', '1/3']) out.progress(text);
  expect(stderr).toBe('… 1/3\n… 2/3\n… 1/3\n');
});

test.each([
  [new AppError('BAD_OPTION', 'bad', { hint: 'Do this.' }), 2, 'error: bad\nDo this.\n'],
  [new AppError('UP_GONE', 'gone', { details: ['a', 'b'] }), 1, 'error: gone\n  | a\n  | b\n'],
  [new AppError('UP_FAILED', 'x'), 1, 'error: x\n'],
])('%s: its exit code, and message, details and hint on stderr', (error, code, text) => {
  expect(open('text').error(error)).toBe(code);
  expect([stdout, stderr]).toEqual(['', text]);
});

test('an error is a document, too, without empty members', () => {
  const out = open('json');
  out.warn('before');
  expect(out.error(new AppError('UP_GONE', 'gone', { details: ['a'], hint: 'Wait.' }))).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    ...{ schemaVersion: 1, command: 'deploy publisher', status: 'error', warnings: ['before'] },
    error: { code: 'UP_GONE', category: 'system', message: 'gone', hint: 'Wait.', details: ['a'] },
  });
  stdout = '';
  open('json').error(new AppError('BAD_VALUE', 'bad'));
  expect(JSON.parse(stdout).error).toEqual({ code: 'BAD_VALUE', category: 'user', message: 'bad' });
});

test('only a bug prints its stack', () => {
  expect(open('json').error(new TypeError('x is undefined'))).toBe(1);
  expect(JSON.parse(stdout).error).toEqual({ code: 'BUG', category: 'bug', message: 'x is undefined' });
  expect(stderr).toMatch(/^bug: TypeError: x is undefined\n {4}at /);
  stderr = '';
  open('text').error('thrown text');
  expect(stderr).toBe('bug: thrown text\n');
});

test('hints name the command as the user has to type it, in text and JSON; data stay', () => {
  vi.stubEnv('WASM_SENSORS_COMMAND', 'npx wasm-sensors');
  const out = open('json');
  out.warn('run `wasm-sensors down`');
  out.error(
    new AppError('UP_GONE', 'try `wasm-sensors up`', { details: ['`wasm-sensors x`'], hint: '`wasm-sensors y`' }),
  );
  const { error, warnings } = JSON.parse(stdout);
  expect(warnings).toEqual(['run `npx wasm-sensors down`']);
  expect(error).toMatchObject({ message: 'try `npx wasm-sensors up`', details: ['`npx wasm-sensors x`'] });
  expect(error.hint).toBe('`npx wasm-sensors y`');
  expect(stderr).toBe(
    '! run `npx wasm-sensors down`\nerror: try `npx wasm-sensors up`\n  | `npx wasm-sensors x`\n`npx wasm-sensors y`\n',
  );
  stdout = '';
  open('text').result({}, () => 'run `wasm-sensors deploy publisher`');
  expect(stdout).toBe('run `npx wasm-sensors deploy publisher`\n');
  stdout = '';
  open('text').event({}, () => 'message: `wasm-sensors up`');
  expect(stdout).toBe('message: `wasm-sensors up`\n');
});

test('--ansi always colours both streams', () => {
  const out = open('text', 'always');
  out.result({}, (style) => style.red('bad'));
  out.warn('careful');
  expect(stdout).toBe('\u001b[31mbad\u001b[39m\n');
  expect(stderr).toContain('\u001b[33m!\u001b[39m careful');
});

const HOSTILE = 'a\u009b2Jb\u202ec\x1b[2Jd';
const HARMLESS = 'a\\u009b2Jb\\u202ec\\u001b[2Jd';

test.each(['never', 'always'] as const)(
  'nothing that is printed moves the cursor or turns text round: --ansi %s',
  (ansi) => {
    const out = open('text', ansi);
    out.result({}, () => HOSTILE);
    out.event({}, () => HOSTILE);
    out.progress(HOSTILE);
    out.note(HOSTILE);
    out.warn(HOSTILE);
    out.error(new AppError('NO_LOGS', HOSTILE, { hint: HOSTILE, details: [HOSTILE] }));
    out.error(new Error(HOSTILE));
    expect([stdout.split(HARMLESS).length - 1, stderr.split(HARMLESS).length - 1]).toEqual([2, 7]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: only colours are left.
    expect((stdout + stderr).replace(/\x1b\[[0-9;]*m/g, '')).not.toMatch(/[\x1b\x80-\x9f\u202e]/);
  },
);

test('JSON output is the same JSON, without them', () => {
  open('json').result({ name: HOSTILE }, () => '');
  expect(JSON.parse(stdout)).toMatchObject({ data: { name: HOSTILE } });
  expect(stdout).toContain('a\\u009b2Jb\\u202ec');
});

test('on a terminal lines are broken between words, under their label; elsewhere they stay whole', () => {
  const line = `jobs      ${'publisher-us v3 running; '.repeat(3).trim()}`;
  open('text').result({}, () => line);
  expect(stdout).toBe(`${line}\n`);
  stdout = '';
  onTerminal({ LANG: 'C.UTF-8' });
  open('text').result({}, () => line);
  expect(stdout.split('\n')).toEqual([
    'jobs      publisher-us v3 running;',
    '          publisher-us v3 running;',
    '          publisher-us v3 running;',
    '',
  ]);
});

test.each([
  [
    '✗ state folder  it is full of words that do not fit',
    '✗ state folder  it is full of words that\n                do not fit',
  ],
  ['✓ words that do not fit into forty columns', '✓ words that do not fit into forty\n  columns'],
  [
    'words that do not fit: run `wasm-sensors up --deploy` then',
    'words that do not fit: run\n`wasm-sensors up --deploy` then',
  ],
])('%j goes on below its text, and a command is never broken', (line, shown) => {
  onTerminal({ LANG: 'C.UTF-8' });
  open('text').result({}, () => line);
  expect(stdout).toBe(`${shown}\n`);
});

test('a terminal whose locale is POSIX gets ASCII only', () => {
  onTerminal({ LANG: 'C' });
  const out = open('text');
  out.result({}, () => '✓ 3 × ██ 🚀');
  out.note('… done');
  out.progress('waiting');
  expect(stdout).toBe('+ 3 x ##   \n');
  expect(stderr).toMatch(/^~ done\n/);
  expect(stderr).toMatch(/^\p{ASCII}*$/u);
});

/** With 40 columns. */
function onTerminal(env: Record<string, string>): void {
  for (const name of ['LC_ALL', 'LC_CTYPE', 'TERM']) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  for (const stream of [process.stdout, process.stderr]) Object.assign(stream, { isTTY: true, columns: 40 });
}
