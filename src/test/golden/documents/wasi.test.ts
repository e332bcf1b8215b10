/** A table of the calls that guests make: arguments, result and the memory that was written. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Call, PAGE, TestGuest } from './test-guest.js';

const recorded = (name: string) => `../recorded/documents/wasi/${name}.txt`;

/** Where guests of this file keep what they give and what they get. */
const IN = 1000;
const OUT = 2000;
const MORE = 3000;
const FIRST_FD = 4;
const READ = 2n;
const WRITE = 64n;
/** The last address that a number of 32 bits fits below. */
const TOO_FAR = PAGE - 2;

let folder: string;
let guest: TestGuest;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'golden-wasi-')));
  for (const name of ['read', 'write']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'read', 'a.txt'), 'hello guest');
  writeFileSync(join(folder, 'write', 'b.txt'), 'old words');
  mkdirSync(join(folder, 'read', 'sub'));
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'read', 'link'));
  for (const name of ['secret.txt', 'read/a.txt']) utimesSync(join(folder, name), 1_700_000_000, 1_700_000_001.25);
  guest = new TestGuest({
    args: ['--proxy=http://p', 'ö'],
    env: { Z: 'last', A: '1', HOSTNAME: 'edge-us-1' },
    region: 'us',
    mounts: [
      { target: '/in', source: join(folder, 'read') },
      { target: '/out', source: join(folder, 'write'), writable: true },
      { target: '/config/sensor.yaml', source: join(folder, 'read', 'a.txt') },
      { target: '/gone', source: join(folder, 'gone') },
    ],
  });
});

afterEach(() => rmSync(folder, { recursive: true }));

const call = (name: string, ...args: (number | bigint)[]): Call => ({ name, args });

async function expectTable(name: string): Promise<void> {
  await expect(`${guest.lines.join('\n').trim()}\n`).toMatchFileSnapshot(recorded(name));
}

test('what is there', async () => {
  guest.lines.push(...guest.importNames());
  await expectTable('imports');
});

test('what is declared and not supported', async () => {
  const all = guest.importNames().map((line) => line.split(' ')[1]!);
  const served = [
    ...['args_get', 'args_sizes_get', 'environ_get', 'environ_sizes_get', 'clock_time_get', 'random_get'],
    ...['poll_oneoff', 'proc_exit', 'fd_write', 'fd_read', 'fd_close', 'fd_fdstat_get', 'fd_prestat_get'],
    ...['fd_prestat_dir_name', 'path_filestat_get', 'path_open', 'http_request'],
  ];
  const others = all.filter((name) => !served.includes(name)).sort();
  expect(others.length).toBe(all.length - served.length);
  await guest.run(
    'each of them',
    others.map((name) => call(name, 3, IN, OUT, MORE)),
  );
  await expectTable('unsupported');
});

test('arguments and environment', async () => {
  await guest.run('sizes and strings of the arguments', [
    call('args_sizes_get', OUT, OUT + 4),
    call('args_get', OUT + 16, MORE),
  ]);
  await guest.run('sizes and strings of the environment', [
    call('environ_sizes_get', OUT, OUT + 4),
    call('environ_get', OUT + 16, MORE),
  ]);
  await guest.run('a count outside of the memory', [call('args_sizes_get', TOO_FAR, OUT)]);
  await guest.run('a size outside of the memory', [call('environ_sizes_get', OUT, TOO_FAR)]);
  await guest.run('pointers outside of the memory', [call('args_get', TOO_FAR, MORE)]);
  await guest.run('a buffer that ends outside of the memory', [call('environ_get', OUT, TOO_FAR)]);
  await guest.run('an address above 2 GiB', [call('args_sizes_get', -8, OUT)]);
  await expectTable('arguments');
});

test('clocks, chance and the end', async () => {
  for (const id of [0, 1, 2, 3, -1]) await guest.run(`clock ${id}`, [call('clock_time_get', id, 1000n, OUT)]);
  guest.pass(0.25);
  await guest.run('a part of a millisecond later', [call('clock_time_get', 1, 0n, OUT)]);
  await guest.run('a time outside of the memory', [call('clock_time_get', 0, 0n, PAGE - 7)]);
  const random = { ...call('random_get', OUT, 32), mask: [{ at: OUT, length: 32, name: '32 random bytes' }] };
  await guest.run('chance', [random]);
  await guest.run('no chance', [call('random_get', OUT, 0)]);
  await guest.run('chance outside of the memory', [call('random_get', PAGE - 8, 9)]);
  await guest.run('chance at an address above 2 GiB', [call('random_get', -8, 4)]);
  for (const code of [0, 1, 255, -1]) await guest.run(`exit ${code}`, [call('proc_exit', code)]);
  await guest.run('nothing runs after it', [call('proc_exit', 3), call('fd_close', 99)]);
  await expectTable('clock-random-exit');
});

/** Subscription to a clock, after 48 bytes each. */
function subscribe(index: number, { id = 7, ns = 0n, flags = 0, type = 0 }): void {
  const at = IN + index * 48;
  guest.bytes.fill(0, at, at + 48);
  guest.view.setBigUint64(at, BigInt(id), true);
  guest.bytes[at + 8] = type;
  guest.view.setBigUint64(at + 24, ns, true);
  guest.view.setUint16(at + 40, flags, true);
}

test('waiting', async () => {
  const poll = (count: number, written = MORE) => [call('poll_oneoff', IN, OUT, count, written)];
  await guest.run('for nothing', poll(0));
  await guest.run('250 ms', poll(1), () => subscribe(0, { ns: 250_000_000n }));
  await guest.run('no time', poll(1), () => subscribe(0, { ns: 0n }));
  await guest.run('a nanosecond', poll(1), () => subscribe(0, { ns: 1n }));
  await guest.run('as long as can be written', poll(1), () => subscribe(0, { ns: 2n ** 64n - 1n }));
  await guest.run('until a time (absolute)', poll(1), () => subscribe(0, { ns: 1_750_000_001_000_000_000n, flags: 1 }));
  await guest.run('for a file to read', poll(1), () => subscribe(0, { type: 1 }));
  await guest.run('for a file to write', poll(1), () => subscribe(0, { type: 2 }));
  await guest.run('for the shortest of three', poll(3), () => {
    subscribe(0, { id: 1, ns: 90_000_000n });
    subscribe(1, { id: 2, ns: 30_000_000n });
    subscribe(2, { id: 3, ns: 60_000_000n });
  });
  await guest.run('for a clock beside an absolute one and a file', poll(3), () => {
    subscribe(0, { id: 1, ns: 1n, flags: 1 });
    subscribe(1, { id: 2, ns: 40_000_000n });
    subscribe(2, { id: 3, type: 1 });
  });
  await guest.run('a count outside of the memory', poll(1, TOO_FAR), () => subscribe(0, { ns: 5_000_000n }));
  await guest.run('more subscriptions than the memory holds', poll(2000), () => {
    for (let i = 0; i < 1; i++) subscribe(i, { ns: 1n });
  });
  await guest.run('subscriptions outside of the memory', [call('poll_oneoff', PAGE - 8, OUT, 1, MORE)]);
  await guest.run('events outside of the memory', [call('poll_oneoff', IN, PAGE - 8, 1, MORE)], () =>
    subscribe(0, { ns: 5_000_000n }),
  );
  await expectTable('poll-oneoff');
});

test('writing and reading', async () => {
  /** Vectors at `OUT + 100`, one for each text or range. */
  const vectors = (...ranges: [at: number, length: number][]) => guest.putNumbers(OUT + 100, ...ranges.flat());
  const write = (fd: number, count: number) => call('fd_write', fd, OUT + 100, count, OUT);
  const read = (fd: number, count: number) => call('fd_read', fd, OUT + 100, count, OUT);
  const hello = () => vectors(guest.put(IN, 'hello\n'));

  for (const fd of [1, 2]) await guest.run(`to ${fd}`, [write(fd, 1)], hello);
  for (const fd of [0, 3, 4, 99, -1]) await guest.run(`to ${fd}`, [write(fd, 1)], hello);
  await guest.run('three parts of two lines', [write(1, 3)], () =>
    vectors(guest.put(IN, 'a '), guest.put(IN + 100, 'line\nand '), guest.put(IN + 200, 'another\n')),
  );
  await guest.run('no part', [write(1, 0)]);
  await guest.run('what is no text', [write(1, 1)], () => vectors(guest.put(IN, new Uint8Array([0xff, 0xfe, 10]))));
  await guest.run('a line of 1,500 letters', [write(1, 1)], () =>
    vectors(guest.put(IN + 3000, `${'x'.repeat(1500)}\n`)),
  );
  await guest.run('a part that ends outside of the memory', [write(1, 1)], () => {
    guest.put(PAGE - 70, 'end\n');
    vectors([PAGE - 70, 1000]);
  });
  await guest.run('a part that begins outside of the memory', [write(1, 1)], () => vectors([PAGE + 5, 4]));
  await guest.run('vectors outside of the memory', [call('fd_write', 1, PAGE - 4, 1, OUT)]);
  await guest.run('a count outside of the memory', [call('fd_write', 1, OUT + 100, 1, TOO_FAR)], hello);

  await guest.run('standard input', [read(0, 1)], () => vectors([MORE, 8]));
  for (const fd of [1, 2, 3, 4, 99]) await guest.run(`from ${fd}`, [read(fd, 1)], () => vectors([MORE, 8]));
  const open = call('path_open', 3, 0, IN, 8, 0, READ, 0n, 0, OUT + 50);
  await guest.run(
    'a file, in parts, to its end and beyond',
    [open, read(FIRST_FD, 1), read(FIRST_FD, 2), read(FIRST_FD, 1), call('fd_close', FIRST_FD), read(FIRST_FD, 1)],
    () => {
      guest.put(IN, 'in/a.txt');
      vectors([MORE, 6], [MORE + 100, 8]);
    },
  );
  await guest.run('into a range that ends outside of the memory', [open, read(FIRST_FD, 1)], () => {
    guest.put(IN, 'in/a.txt');
    vectors([PAGE - 68, 1000]);
  });
  await guest.run('a file that was opened for reading is not written', [open, write(FIRST_FD, 1)], () => {
    guest.put(IN, 'in/a.txt');
    vectors([MORE, 3]);
  });
  await expectTable('write-read');
});

test('descriptors', async () => {
  for (const fd of [0, 1, 2, 3, 4, 99, -1]) await guest.run(`state of ${fd}`, [call('fd_fdstat_get', fd, OUT)]);
  await guest.run(
    'state of an open file',
    [call('path_open', 3, 0, IN, 8, 0, READ, 0n, 0, OUT + 50), call('fd_fdstat_get', FIRST_FD, OUT)],
    () => guest.put(IN, 'in/a.txt'),
  );
  await guest.run('a state that ends outside of the memory', [call('fd_fdstat_get', 1, PAGE - 72)]);
  for (const fd of [2, 3, 4, -1]) await guest.run(`preopened ${fd}`, [call('fd_prestat_get', fd, OUT)]);
  await guest.run('preopened, outside of the memory', [call('fd_prestat_get', 3, PAGE - 4)]);
  for (const [fd, length] of [
    [3, 1],
    [3, 0],
    [3, 9],
    [4, 1],
    [2, 1],
  ] as const) {
    await guest.run(`name of ${fd} in ${length} bytes`, [call('fd_prestat_dir_name', fd, OUT, length)]);
  }
  await guest.run('a name outside of the memory', [call('fd_prestat_dir_name', 3, PAGE + 100, 1)]);
  for (const fd of [0, 1, 2, 3, 4, 99, -1]) await guest.run(`closing ${fd}`, [call('fd_close', fd)]);
  const open = call('path_open', 3, 0, IN, 8, 0, READ, 0n, 0, OUT);
  const close = (fd: number) => call('fd_close', fd);
  await guest.run('a number is given again when it is free', [open, open, close(4), open, close(4), close(4)], () =>
    guest.put(IN, 'in/a.txt'),
  );
  await expectTable('descriptors');
});

/** Paths that guests ask for, each with what it is about. */
const PATHS: [title: string, path: string | Uint8Array][] = [
  ['a file', 'in/a.txt'],
  ['with a slash in front', '/in/a.txt'],
  ['with steps', './in/../in//./a.txt'],
  ['a mounted file', 'config/sensor.yaml'],
  ['below a mounted file', 'config/sensor.yaml/x'],
  ['a mounted folder', 'in'],
  ['a mounted folder with a slash', 'in/'],
  ['a folder in it', 'in/sub'],
  ['the root', '/'],
  ['a folder above mounts', 'config'],
  ['nothing', ''],
  ['a name that is not there', 'in/none.txt'],
  ['below a file', 'in/a.txt/x'],
  ['a mount whose source is gone', 'gone'],
  ['what begins like a mount', 'inside/a.txt'],
  ['one up from a mount, where a file is', 'in/../secret.txt'],
  ['further up from a mount', 'in/../../secret.txt'],
  ['up from the root', '../secret.txt'],
  ['up from a folder of a mount', 'in/sub/../../secret.txt'],
  ['a step hidden in a name', 'in/..%2fsecret.txt'],
  ['a link that leads out', 'in/link'],
  ['a name with a zero', 'in/a.txt\0'],
  ['what is no text', new Uint8Array([0x69, 0x6e, 0x2f, 0xff])],
  ['a name of 300 letters', `in/${'n'.repeat(300)}`],
];

test('state of files', async () => {
  const stat = (at: number, length: number, { fd = 3, isFolder = false } = {}): Call => ({
    ...call('path_filestat_get', fd, 0, at, length, OUT),
    // A folder's links and size are the file system's.
    mask: [
      { at: OUT, length: 8, name: 'device' },
      { at: OUT + 8, length: 8, name: 'inode' },
      ...(isFolder ? [{ at: OUT + 24, length: 32, name: 'links, size, times' }] : []),
      { at: OUT + 56, length: 8, name: 'changed' },
    ],
  });
  for (const [title, path] of PATHS) {
    const { length } = Buffer.from(path as string);
    await guest.run(title, [stat(IN, length, { isFolder: FOLDERS.has(title) })], () => guest.put(IN, path));
  }
  for (const fd of [2, 4])
    await guest.run(`at descriptor ${fd}`, [stat(IN, 8, { fd })], () => guest.put(IN, 'in/a.txt'));
  await guest.run('a path that ends outside of the memory', [stat(PAGE - 4, 8)]);
  await guest.run('a state that ends outside of the memory', [call('path_filestat_get', 3, 0, IN, 8, PAGE - 40)], () =>
    guest.put(IN, 'in/a.txt'),
  );
  writeFileSync(join(folder, 'read', 'a.txt'), 'now longer than before');
  utimesSync(join(folder, 'read', 'a.txt'), 1_700_000_000, 1_700_000_002);
  guest.pass(99);
  await guest.run('a changed file within 100 ms of the last look', [stat(IN, 8)], () => guest.put(IN, 'in/a.txt'));
  guest.pass(1);
  await guest.run('a changed file after 100 ms', [stat(IN, 8)], () => guest.put(IN, 'in/a.txt'));
  await expectTable('filestat');
});

const FOLDERS = new Set(['a mounted folder', 'a mounted folder with a slash', 'a folder in it']);

test('opening files', async () => {
  const open = (length: number, { fd = 3, flags = 0, rights = READ, result = OUT } = {}) =>
    call('path_open', fd, 0, IN, length, flags, rights, 0n, 0, result);
  const run = (title: string, path: string | Uint8Array, options = {}, more: Call[] = []) =>
    guest.run(title, [open(Buffer.from(path as string).length, options), ...more], () => guest.put(IN, path));
  for (const [title, path] of PATHS) await run(title, path);
  for (const fd of [2, 4]) await run(`at descriptor ${fd}`, 'in/a.txt', { fd });
  await guest.run('a path that ends outside of the memory', [
    call('path_open', 3, 0, PAGE - 4, 8, 0, READ, 0n, 0, OUT),
  ]);
  await run('a number outside of the memory', 'in/a.txt', { result: TOO_FAR });
  await run('a folder as a folder', 'in/sub', { flags: 2 });
  await run('a file as a folder', 'in/a.txt', { flags: 2 });
  const write = call('fd_write', FIRST_FD, OUT + 100, 1, OUT + 50);
  const look = (path: string): Call => ({
    ...call('path_filestat_get', 3, 0, MORE, path.length, MORE + 500),
    mask: [{ at: MORE + 500, length: 64, name: 'state' }],
  });
  const change = async (title: string, path: string, flags: number, rights = READ | WRITE) => {
    await guest.run(title, [open(path.length, { flags, rights }), write, look(path)], () => {
      guest.put(IN, path);
      guest.put(MORE, path);
      guest.putNumbers(OUT + 100, ...guest.put(OUT + 200, 'new'));
    });
  };
  await change('to write in a mount for reading', 'in/a.txt', 0);
  await change('to create in a mount for reading', 'in/new.txt', 1);
  await change('to truncate in a mount for reading', 'in/a.txt', 8);
  await change('to create what is there, alone, in a mount for reading', 'in/a.txt', 1 | 4);
  await change('to write', 'out/b.txt', 0);
  guest.lines.push(`  the file: ${JSON.stringify(readText('b.txt'))}`);
  await change('to truncate', 'out/b.txt', 8);
  guest.lines.push(`  the file: ${JSON.stringify(readText('b.txt'))}`);
  await change('to truncate without the right to write', 'out/b.txt', 8, READ);
  guest.lines.push(`  the file: ${JSON.stringify(readText('b.txt'))}`);
  await change('to create what is there', 'out/b.txt', 1);
  await change('to create what is there, alone', 'out/b.txt', 1 | 4);
  await change('to create', 'out/c.txt', 1);
  guest.lines.push(`  the file: ${JSON.stringify(readText('c.txt'))}`);
  await change('to create in a folder that is not there', 'out/none/c.txt', 1);
  await change('to create above a mount', 'out/../d.txt', 1);
  await expectTable('open');
});

function readText(name: string): string {
  return readFileSync(join(folder, 'write', name), 'utf8');
}
