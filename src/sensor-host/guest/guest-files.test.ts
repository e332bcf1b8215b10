import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Mount } from '../host-schemas.js';
import { FileTable, StatCache } from './guest-files.js';
import type { HostClock } from './host-clock.js';
import { ERRNO, WasiError } from './wasi-error.js';

const CREATE = 1;
const DIRECTORY = 2;
const EXCLUSIVE = 4;
const TRUNCATE = 8;
const READ = 2n;
const WRITE = 64n;

let folder: string;
let time: number;
const clock = { monotonic: () => time } as HostClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guest-files-'));
  time = 0;
  mkdirSync(join(folder, 'mounted'));
  mkdirSync(join(folder, 'mounted-too'));
  writeFileSync(join(folder, 'mounted', 'sensor.yaml'), 'inside');
  writeFileSync(join(folder, 'mounted-too', 'secret'), 'another mount’s');
  writeFileSync(join(folder, 'secret'), 'outside');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const table = (...mounts: Mount[]) => guestOf(new FileTable(mounts, new StatCache(clock)));

/** Calls whose failures are results: an errno, below 0 where other numbers are results, too. */
function guestOf(files: FileTable) {
  const met = <T>(call: () => T, sign = -1): T | number => {
    try {
      return call();
    } catch (error) {
      if (error instanceof WasiError) return sign * error.errno;
      throw error;
    }
  };
  return {
    stat: (path: string) => met(() => files.stat(path), 1),
    openFile: (path: string, flags: number, rights: bigint) => met(() => files.openFile(path, flags, rights)),
    read: (fd: number, into: Uint8Array) => met(() => files.read(fd, into)),
    write: (fd: number, bytes: Uint8Array) => met(() => files.write(fd, bytes)),
    close: (fd: number) => met(() => files.close(fd), 1) ?? ERRNO.ok,
    closeAll: () => files.closeAll(),
  };
}

const mounted = (over: Partial<Mount> = {}): Mount => ({ target: '/config', source: join(folder, 'mounted'), ...over });
const onDisk = (name: string) => readFileSync(join(folder, name), 'utf8');

/** The text that a guest reads at a path, or the errno that it gets. */
function text(files: ReturnType<typeof table>, path: string): string | number {
  const fd = files.openFile(path, 0, READ);
  if (fd < 0) return -fd;
  const bytes = new Uint8Array(100);
  const read = files.read(fd, bytes);
  files.close(fd);
  return Buffer.from(bytes.subarray(0, read)).toString();
}

// Relative and absolute ways to the one file that is mounted.
test.each(['config/sensor.yaml', '/config/sensor.yaml', 'config/./sensor.yaml', 'config/x/../sensor.yaml'])(
  'a guest reads %s',
  (path) => {
    expect(text(table(mounted()), path)).toBe('inside');
  },
);

// Taken as they are, beside the mounted folder, all of these lead to files that exist.
test.each([
  'config/../secret',
  '/config/../secret',
  'config/./../secret',
  'config/x/../../secret',
  'config/../mounted-too/secret',
  'config/../mounted/sensor.yaml',
  'config-too/secret',
  'secret',
  '',
])('a guest neither sees nor opens %j, for it is outside of what is mounted', (path) => {
  const files = table(mounted({ writable: true }));
  expect(files.stat(path)).toBe(ERRNO.noent);
  expect(files.openFile(path, 0, READ)).toBe(-ERRNO.noent);
  expect(files.openFile(path, CREATE | TRUNCATE, WRITE)).toBe(-ERRNO.noent);
  expect([onDisk('secret'), onDisk('mounted-too/secret')]).toEqual(['outside', 'another mount’s']);
});

test('a mount of a name that begins like another one’s is its own', () => {
  const other = { target: '/config-too', source: join(folder, 'mounted-too') };
  expect(text(table(mounted(), other), 'config-too/secret')).toBe('another mount’s');
});

test('an input can’t be written, created or truncated; the mount decides, not the guest', () => {
  const files = table(mounted());
  const fd = files.openFile('config/sensor.yaml', TRUNCATE, READ | WRITE);
  expect(fd).toBe(4);
  expect(files.write(fd, Buffer.from('changed'))).toBe(-ERRNO.badf);
  expect(files.openFile('config/new', CREATE, READ | WRITE)).toBe(-ERRNO.noent);
  expect(onDisk('mounted/sensor.yaml')).toBe('inside');
});

test('where writing is allowed, it is for those who ask for it', () => {
  const files = table(mounted({ writable: true }));
  const reader = files.openFile('config/sensor.yaml', TRUNCATE, READ);
  expect(files.write(reader, Buffer.from('x'))).toBe(-ERRNO.badf);
  expect(onDisk('mounted/sensor.yaml')).toBe('inside');
  const writer = files.openFile('config/sensor.yaml', TRUNCATE, READ | WRITE);
  expect(files.write(writer, Buffer.from('new'))).toBe(3);
  expect(onDisk('mounted/sensor.yaml')).toBe('new');
  const created = files.openFile('config/created', CREATE | EXCLUSIVE, WRITE);
  expect(files.write(created, Buffer.from('there'))).toBe(5);
  expect(onDisk('mounted/created')).toBe('there');
  expect(files.openFile('config/created', CREATE | EXCLUSIVE, WRITE)).toBeLessThan(0);
  files.closeAll();
});

test('a file is no folder to whoever asks for one', () => {
  const ENOTDIR = 54;
  expect(table(mounted()).openFile('config/sensor.yaml', DIRECTORY, READ)).toBe(-ENOTDIR);
});

test('descriptors begin after the preopened folder, are given out again, and mean nothing once closed', () => {
  const files = table(mounted());
  const open = () => files.openFile('config/sensor.yaml', 0, READ);
  expect([open(), open(), open()]).toEqual([4, 5, 6]);
  expect(files.close(5)).toBe(ERRNO.ok);
  expect([files.close(5), files.read(5, new Uint8Array(1))]).toEqual([ERRNO.badf, -ERRNO.badf]);
  expect(open()).toBe(5);
  files.closeAll();
  expect([4, 5, 6].map((fd) => files.close(fd))).toEqual([ERRNO.badf, ERRNO.badf, ERRNO.badf]);
});

test('one look at a file serves all guests for a tenth of a second', () => {
  const cache = new StatCache(clock);
  const guests = [new FileTable([mounted()], cache), new FileTable([mounted()], cache)].map(guestOf);
  const sizes = () => guests.map((files) => (files.stat('config/sensor.yaml') as Stats).size);
  expect(sizes()).toEqual([6, 6]);
  writeFileSync(join(folder, 'mounted', 'sensor.yaml'), 'longer than before');
  time = 99;
  expect(sizes()).toEqual([6, 6]);
  time = 100;
  expect(sizes()).toEqual([18, 18]);
});

describe('a symbolic link', () => {
  const link = (target: string, name: string) => symlinkSync(join(folder, target), join(folder, name));

  test('inside its mount is followed, also by way of a folder', () => {
    mkdirSync(join(folder, 'mounted', 'data'));
    writeFileSync(join(folder, 'mounted', 'data', 'x'), 'linked');
    link('mounted/data', 'mounted/current');
    link('mounted/sensor.yaml', 'mounted/alias');
    expect([text(table(mounted()), 'config/current/x'), text(table(mounted()), 'config/alias')]).toEqual([
      ...['linked', 'inside'],
    ]);
    expect((table(mounted()).stat('config/current/x') as Stats).size).toBe(6);
  });

  // The second folder begins with the name of the mounted one.
  test.each([
    ['secret', 'link'],
    ['mounted-too/secret', 'link'],
    ['mounted-too', 'link/secret'],
    ['', 'link/secret'],
  ])('to %j leads nowhere at %s', (target, path) => {
    link(target, 'mounted/link');
    const files = table(mounted({ writable: true }));
    expect(files.stat(`config/${path}`)).toBe(ERRNO.noent);
    expect(files.openFile(`config/${path}`, 0, READ)).toBe(-ERRNO.noent);
    expect(files.openFile(`config/${path}`, CREATE | TRUNCATE, READ | WRITE)).toBeLessThan(0);
    expect([onDisk('secret'), onDisk('mounted-too/secret')]).toEqual(['outside', 'another mount’s']);
  });

  test('can’t be used to create a file outside', () => {
    link('new', 'mounted/dangling');
    link('mounted-too', 'mounted/folder');
    const files = table(mounted({ writable: true }));
    expect(files.openFile('config/dangling', CREATE, READ | WRITE)).toBeLessThan(0);
    expect(files.openFile('config/folder/new', CREATE, READ | WRITE)).toBe(-ERRNO.noent);
    expect([existsSync(join(folder, 'new')), existsSync(join(folder, 'mounted-too', 'new'))]).toEqual([false, false]);
  });

  test('is followed where it is the mount itself', () => {
    link('secret', 'link');
    link('mounted', 'folder');
    const files = table(
      { target: '/file', source: join(folder, 'link') },
      { target: '/folder', source: join(folder, 'folder') },
    );
    expect([text(files, 'file'), text(files, 'folder/sensor.yaml')]).toEqual(['outside', 'inside']);
    expect((files.stat('folder') as Stats).isDirectory()).toBe(true);
  });
});

test('a mounted file that does not exist yet is created where that is allowed', () => {
  const mount = { target: '/new.yaml', source: join(folder, 'new.yaml') };
  expect(table(mount).openFile('new.yaml', CREATE, READ | WRITE)).toBe(-ERRNO.noent);
  const files = table({ ...mount, writable: true });
  expect(files.openFile('new.yaml', 0, READ | WRITE)).toBe(-ERRNO.noent);
  expect(files.write(files.openFile('new.yaml', CREATE, READ | WRITE), Buffer.from('x'))).toBe(1);
  expect(onDisk('new.yaml')).toBe('x');
  expect(files.openFile('new.yaml/x', CREATE, READ | WRITE)).toBe(-54);
});

test('a whole file system can be mounted', () => {
  expect(text(table({ target: '/', source: '/' }), join(folder, 'secret'))).toBe('outside');
});

test('a read or write that fails gives its errno', () => {
  const EISDIR = 31;
  const files = table(mounted({ writable: true }));
  const fd = files.openFile('config', DIRECTORY, READ);
  expect([files.read(fd, new Uint8Array(1)), files.openFile('config', 0, READ | WRITE)]).toEqual([-EISDIR, -EISDIR]);
  expect(files.openFile(`config/${'x'.repeat(300)}`, 0, READ)).toBe(-ERRNO.io);
});

test('the state of one mount is not taken for that of another', () => {
  const files = table(
    { target: '/a', source: join(folder, 'mounted') },
    { target: '/b', source: join(folder, 'mounted-too') },
  );
  const sizes = ['a/sensor.yaml', 'b/secret', 'a/secret', 'b/sensor.yaml'].map((path) => {
    const found = files.stat(path);
    return typeof found === 'number' ? found : found.size;
  });
  expect(sizes).toEqual([6, Buffer.byteLength('another mount’s'), ERRNO.noent, ERRNO.noent]);
});
