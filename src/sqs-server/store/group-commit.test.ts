import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Database, openSqlite } from '../../lib/sqlite/driver.js';
import { watchedDatabase } from '../../test/support/watched-database.js';
import { GroupCommit } from './group-commit.js';
import { QueueStore } from './queue-store.js';

let database: Database;
let failing: string | undefined;
let lost: Error | undefined;
let events: string[];
let executed: string[];
let store: QueueStore;
let commits: GroupCommit;

beforeEach(() => {
  failing = undefined;
  lost = undefined;
  events = [];
  executed = [];
  database = watchedDatabase(openSqlite(':memory:'), (sql) => {
    // A disk that is full shows itself at the commit.
    if (sql === failing) throw new Error('database or disk is full');
    executed.push(sql);
  });
  database.exec('CREATE TABLE t (a)');
  store = Object.assign(new QueueStore(':memory:', {}, () => {}), {
    saveMark() {},
    verify() {
      if (lost) throw lost;
    },
  });
  vi.spyOn(store, 'database', 'get').mockImplementation(() => database);
  commits = new GroupCommit(store, {
    beforeCommit: () => void events.push('before'),
    afterCommit: () => void events.push('after'),
    afterRollback: () => void events.push('rollback'),
  });
});

afterEach(() => {
  // Its timers would fire in tests of other files.
  commits.close();
  database.close();
});

function write(): Promise<void> {
  commits.join();
  database.exec('INSERT INTO t VALUES (1)');
  return commits.committed();
}

const rows = () => (database.prepare('SELECT count(*) AS n FROM t').all()[0] as { n: number }).n;

test('writes that come together share a commit', async () => {
  await Promise.all([write(), write(), write()]);
  expect(commits.commits).toBe(1);
  expect(events).toEqual(['before', 'after']);
  await write();
  expect(commits.commits).toBe(2);
  expect(rows()).toBe(4);
});

test('a commit that fails fails for all who wrote, and the next one works', async () => {
  failing = 'COMMIT';
  const results = await Promise.allSettled([write(), write()]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(events).toEqual(['before', 'rollback']);
  failing = undefined;
  await write();
  expect(rows()).toBe(1);
});

test('what was committed to a file that is gone is not acknowledged', async () => {
  lost = new Error('the file is gone');
  await expect(write()).rejects.toThrow('the file is gone');
  expect(events).toEqual(['before', 'rollback']);
  // The same failure, reported by one who waited.
  commits.abort(lost);
  expect(events).toEqual(['before', 'rollback']);
});

test('without a write there is nothing to wait for', async () => {
  await commits.committed();
  commits.flush();
  expect(commits.commits).toBe(0);
});

test('it is told that a commit comes before it does, and that it is done after; then whoever wrote hears of it', async () => {
  executed = [];
  const order = executed;
  const hooks = {
    beforeCommit: () => void order.push('before'),
    afterCommit: () => void order.push('after'),
    afterRollback: () => void order.push('lost'),
  };
  commits = new GroupCommit(store, hooks);
  await write().then(() => order.push('written'));
  expect(order).toEqual(['BEGIN IMMEDIATE', 'INSERT INTO t VALUES (1)', 'before', 'COMMIT', 'after', 'written']);
  // What the end of one transaction writes begins the next.
  hooks.afterCommit = () => {
    hooks.afterCommit = () => {};
    void write();
  };
  order.length = 0;
  await write();
  await commits.committed();
  expect(order.filter((sql) => /^[A-Z]+( I\w+)?$/.test(sql))).toEqual([
    ...['BEGIN IMMEDIATE', 'COMMIT', 'BEGIN IMMEDIATE', 'COMMIT'],
  ]);
});

test('a commit after a quiet time is not held back, one right after another is, to collect more', async () => {
  // All four: what clears an immediate of Node's must never be given a timer of somebody else.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
  try {
    const first = write();
    vi.advanceTimersByTime(0);
    await first;
    expect([commits.commits, vi.getTimerCount()]).toEqual([1, 0]);
    now.mockReturnValue(1002);
    const second = write();
    const third = write();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(2);
    expect(commits.commits).toBe(1);
    vi.advanceTimersByTime(1);
    await Promise.all([second, third]);
    expect(commits.commits).toBe(2);
  } finally {
    now.mockRestore();
    vi.useRealTimers();
  }
});
