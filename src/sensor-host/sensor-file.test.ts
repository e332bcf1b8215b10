/** Over a scripted publisher; src/test/wasm/sensor-file.test.ts compares with the real one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { scriptedModule } from '../test/support/scripted-module.js';
import { valuesOfFile } from './sensor-file.js';

const folder = mkdtempSync(join(tmpdir(), 'sensor-file-'));
const file = join(folder, 'eu.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** Arguments, answer to a request, and the file as the publisher saw it. */
let seen: { args: string; result: number; status: number; body: string; file: string };
beforeEach(() => writeFileSync(file, 'color: "#00ff88"\n'));

/** Writes these lines; before it exits, `meanwhile` happens. */
const publisher = (lines: string[] = [], meanwhile = () => {}) =>
  scriptedModule(function* (guest) {
    yield ['args_sizes_get', 100, 104];
    yield ['args_get', 200, 300];
    const args = guest.text(300, guest.word(104));
    const result = yield* guest.request('http://127.0.0.1/send');
    const [status, body] = [guest.word(5000), guest.text(6000, guest.word(5008))];
    yield ['path_open', 3, 0, ...guest.put(100, 'sensor.yaml'), 0, 2n, 0n, 0, 200];
    guest.setWords(300, 400, 1000);
    yield ['fd_read', guest.word(200), 300, 1, 310];
    seen = { args, result, status, body, file: guest.text(400, guest.word(310)) };
    meanwhile();
    for (const line of lines) yield* guest.write(2, `${line}\n`);
    yield ['proc_exit', 0];
  });

test('the publisher reads the file, and takes one reading that goes nowhere', async () => {
  await valuesOfFile(file, publisher());
  expect(seen).toEqual({
    args: '\0--proxy=http://127.0.0.1\0--max-messages=1\0--config=/sensor.yaml\0',
    result: 0,
    status: 200,
    body: '{}',
    file: 'color: "#00ff88"\n',
  });
});

test.each([
  ['', {}],
  ['random_off: 1\n', { random_off: true }],
  ['paused: 0\nemoji: -1', { paused: false, emoji: -1 }],
  ["color: '#00aa00'\n...\nemoji: 3\n", { color: '#00aa00' }],
  ['\uFEFFcolour: "#00AA00"\r\ninterval: 1.2349\r\n', { color: '#00aa00', interval: 1.235 }],
  ['# a: b\n--- # c\n\n\'Random-Off\' : "YES" # d\nemoji:\tRandom\n', { random_off: true, emoji: -1 }],
  ["color: 'RANDOM'#x\ninterval: .5 #\npaused: On\n", { color: 'random', interval: 0.5, paused: true }],
  ['emoji: 007\nrandomOff: oFF\n--paused--: False\n', { emoji: 7, random_off: false, paused: false }],
  ['x paused: true\n# emoji: 3\n', {}],
])('%j sets %j', async (text, values) => {
  writeFileSync(file, text);
  expect(await valuesOfFile(file, publisher())).toEqual(values);
});

test('a file that the publisher rejects is refused with its reason', async () => {
  const lines = [
    'sensor on edge',
    'configuration file /sensor.yaml rejected: line 2: not `a. b`. Keeping the last valid values',
    '1 readings taken, 0 not delivered',
  ];
  await expect(valuesOfFile(file, publisher(lines))).rejects.toMatchObject({
    code: 'BAD_FILE',
    fault: 'user',
    exitCode: 2,
    message: `sensors do not use ${file}: line 2: not \`a. b\``,
    hint: 'They keep the last valid values until the file is fixed.',
  });
});

test('other lines are no reason to refuse it', async () => {
  const lines = [
    'configuration file /sensor.yaml applied',
    'delivery failed: rejected: x. Keeping the last valid values',
  ];
  expect(await valuesOfFile(file, publisher(lines))).toEqual({ color: '#00ff88' });
});

test('a file that changes meanwhile is refused', async () => {
  const change = () => writeFileSync(file, 'color: no-colour\n');
  await expect(valuesOfFile(file, publisher([], change))).rejects.toMatchObject({
    code: 'BAD_FILE',
    message: `sensors do not use ${file}: it changed while it was read`,
  });
  expect(readFileSync(file, 'utf8')).toBe('color: no-colour\n');
});
