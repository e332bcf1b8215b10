import LibsqlDatabase from 'libsql';
import { expect, test } from 'vitest';
import { openMessageTable } from './message-table.js';
import { StandardIndex } from './standard-index.js';

/** Small numbers that look random and are the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function open() {
  const database = new LibsqlDatabase(':memory:');
  const table = openMessageTable(database, 1, () => undefined);
  return { database, table, index: new StandardIndex(table) };
}

function message(seq: number, due: number | null = null, body = `${seq}`) {
  return { seq, id: `${seq}`, body, bodyMd5: '', attributes: null, attributesMd5: null, sent: 0, due, meta: null };
}

test.each([1, 2, 3, 4, 5])('whatever happens, counts agree with a simple model and nothing is lost (%i)', (seed) => {
  const random = generator(seed);
  const { database, table } = open();
  let { index } = { index: new StandardIndex(table) };
  let now = 1_000_000;
  let seq = 0;
  // What a reader of the API's documentation would expect: when each message is visible, and how often it was received.
  const model = new Map<number, { due: number; receives: number }>();

  for (let step = 0; step < 3_000; step++) {
    now += random(40);
    const action = random(100);
    if (action < 30) {
      const added = Array.from({ length: 1 + random(600 / (1 + random(60))) }, () => {
        const due = random(4) === 0 ? now + 1 + random(500) : null;
        model.set(++seq, { due: due ?? 0, receives: 0 });
        return message(seq, due);
      });
      for (let i = 0; i < added.length; i += 10) index.add(added.slice(i, i + 10));
      index.afterCommit();
    } else if (action < 70) {
      const picked = index.pick(10, now);
      const due = now + 1 + random(1_000);
      for (const { seq: taken } of picked) expect(model.get(taken)!.due).toBeLessThanOrEqual(now);
      index.deliver(picked, due, now);
      for (const { seq: taken, receives } of picked) {
        const known = model.get(taken)!;
        expect(receives).toBe(known.receives + 1);
        Object.assign(known, { due, receives });
      }
    } else if (action < 90) {
      const candidates = [...model].filter(([, { receives }]) => receives > 0).slice(0, 10);
      index.remove(candidates.map(([removed]) => removed));
      for (const [removed] of candidates) model.delete(removed);
    } else if (action < 95) {
      const [flying] = [...model].filter(([, { due, receives }]) => receives > 0 && due > now);
      if (flying) index.reschedule(flying[0], (flying[1].due = now + random(300)));
    } else if (action < 97) {
      // A clean restart: everything is read from the table.
      index.beforeCommit();
      index.save();
      index = new StandardIndex(table);
    }
    const { visible, inFlight, delayed } = index.counts;
    expect(visible + inFlight + delayed).toBe(model.size);
  }

  // After the last timeout every message that was not removed can be received, each once.
  now += 10_000;
  const seen: number[] = [];
  for (let picked = index.pick(10, now); picked.length > 0; picked = index.pick(10, (now += 25))) {
    seen.push(...picked.map((found) => found.seq));
    index.remove(picked.map((found) => found.seq));
  }
  index.beforeCommit();
  expect(seen.sort((a, b) => a - b)).toEqual([...model.keys()]);
  expect(table.totals().total).toBe(0);
  expect(index.counts).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  database.close();
});

test('memory holds a window of a long queue only, by number and by bytes', () => {
  const { database, index } = open();
  const megabyte = 'x'.repeat(1_048_576);
  for (let i = 1; i <= 40; i++) index.add([message(i, null, megabyte)]);
  index.afterCommit();
  for (let i = 41; i <= 12_000; i += 10) index.add(Array.from({ length: 10 }, (_, k) => message(i + k)));
  index.afterCommit();
  const inMemory = () => index.counts.visible - index.inTableOnly;
  expect(inMemory()).toBeLessThanOrEqual(20);
  expect(index.counts.visible).toBe(12_000);
  for (let left = 12_000; left > 0; left -= 10) {
    const picked = index.pick(10, 1);
    expect(picked).toHaveLength(10);
    index.remove(picked.map(({ seq }) => seq));
    expect(inMemory()).toBeLessThanOrEqual(4_500);
  }
  expect(index.pick(10, 1)).toEqual([]);
  database.close();
});

test('what was added can be received and counted only once it is committed', () => {
  const { database, index } = open();
  index.add([message(1), message(2, 50)]);
  expect(index.pick(10, 100)).toEqual([]);
  expect(index.counts).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect(index.nextDue).toBe(Number.POSITIVE_INFINITY);
  index.afterCommit();
  expect(index.counts).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  expect(index.pick(10, 100).map(({ seq }) => seq)).toEqual([1, 2]);
  database.close();
});

test('a message comes back at its time, not before', () => {
  const { database, index } = open();
  index.add([message(1), message(2, 1000)]);
  index.afterCommit();
  index.deliver(index.pick(1, 0), 500, 0);
  expect([index.nextDue, index.pick(10, 499).length]).toEqual([500, 0]);
  expect(index.pick(10, 500).map(({ seq }) => seq)).toEqual([1]);
  expect(index.pick(10, 999).map(({ seq }) => seq)).toEqual([1]);
  expect(index.pick(10, 1000).map(({ seq }) => seq)).toEqual([1, 2]);
  database.close();
});
