import { expect, test, vi } from 'vitest';
import type { Database } from '../../lib/sqlite/driver.js';
import { openMessageTable } from './message-table.js';
import { openDatabase } from './queue-database.js';
import { QueueMessages } from './queue-messages.js';

/** Small numbers that look random and are the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function open() {
  const database = openDatabase(':memory:');
  const table = openMessageTable(database, 1);
  return { database, table, messages: new QueueMessages(table, join) };
}

const join = vi.fn();

function commit(messages: QueueMessages): void {
  messages.beforeCommit();
  messages.afterCommit();
}

function message(seq: number, due: number | null = null, body = `${seq}`) {
  return {
    seq,
    id: `${seq}`,
    body,
    bodyMd5: '',
    attributes: null,
    attributesMd5: null,
    sent: 0,
    arrived: 0,
    due,
    meta: undefined,
    receives: 0,
    firstReceived: null,
  };
}

test.each([1, 2, 3])('whatever happens, counts agree with a simple model and nothing is lost (%i)', (seed) => {
  const random = generator(seed);
  const { database, table } = open();
  let messages = new QueueMessages(table, join);
  let now = 1_000_000;
  let seq = 0;
  // What a reader of the API's documentation would expect: when each message is visible, and how often it was received.
  const model = new Map<number, { due: number; receives: number }>();
  const received = new Set<number>();

  const add = () => {
    const added = Array.from({ length: 1 + random(600 / (1 + random(60))) }, () => {
      const due = random(4) === 0 ? now + 1 + random(500) : null;
      seq += 1;
      model.set(seq, { due: due ?? 0, receives: 0 });
      return message(seq, due);
    });
    for (let i = 0; i < added.length; i += 10) messages.add(added.slice(i, i + 10));
    commit(messages);
  };
  const receive = () => {
    const picked = messages.pick(10, now);
    const due = now + 1 + random(1_000);
    const expected = picked.map((taken) => ({ seq: taken.seq, receives: model.get(taken.seq)!.receives + 1 }));
    expect(picked.filter((taken) => model.get(taken.seq)!.due > now)).toEqual([]);
    messages.deliver(picked, due, now);
    expect(picked.map(({ seq: taken, receives }) => ({ seq: taken, receives }))).toEqual(expected);
    for (const { seq: taken, receives } of expected) {
      model.set(taken, { due, receives });
      received.add(taken);
    }
  };
  const remove = () => {
    const removed = [...received].slice(0, 10);
    messages.remove(removed);
    for (const gone of removed) {
      model.delete(gone);
      received.delete(gone);
    }
  };
  const reschedule = () => {
    // In flight, or visible again.
    const taken = [...received][random(received.size)];
    if (taken === undefined) return;
    const due = now + random(300);
    expect(messages.reschedule(taken, due, now)).toBe(true);
    model.set(taken, { ...model.get(taken)!, due });
  };
  const restart = () => {
    messages.beforeCommit();
    messages.save();
    messages = new QueueMessages(table, join);
  };

  const checkCounts = () => {
    const counted = messages.countsAt(now);
    const dueBy = (time: number) => [...model.values()].filter(({ due }) => due <= time).length;
    // To the precision of delays and timeouts.
    expect(counted.visible).toBeGreaterThanOrEqual(dueBy(now - 20));
    expect(counted.visible).toBeLessThanOrEqual(dueBy(now));
    const delayed = [...model.values()].filter(({ due, receives }) => receives === 0 && due > now).length;
    expect(counted.delayed).toBeGreaterThanOrEqual(delayed);
    expect(counted.visible + counted.inFlight + counted.delayed).toBe(model.size);
  };

  for (let step = 0; step < 1_000; step++) {
    now += random(40);
    const action = random(100);
    if (action < 30) add();
    else if (action < 70) receive();
    else if (action < 90) remove();
    else if (action < 95) reschedule();
    else if (action < 97) restart();
    if (step % 10 === 0) checkCounts();
  }

  // After the last timeout every message that was not removed can be received, each once.
  now += 10_000;
  const seen: number[] = [];
  for (let picked = messages.pick(10, now); picked.length > 0; picked = messages.pick(10, now)) {
    seen.push(...picked.map((found) => found.seq));
    messages.remove(picked.map((found) => found.seq));
    now += 25;
  }
  messages.beforeCommit();
  expect(seen.sort((a, b) => a - b)).toEqual([...model.keys()]);
  expect(table.totals().count).toBe(0);
  expect(messages.countsAt(now)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  database.close();
});

/** How many messages memory holds: those that can still be received when the table is empty. */
function countInMemory(database: Database, messages: QueueMessages): number {
  database.exec('DELETE FROM messages_1');
  let count = 0;
  for (let picked = messages.pick(10, 1); picked.length > 0; picked = messages.pick(10, 1)) {
    count += picked.length;
    messages.remove(picked.map(({ seq }) => seq));
  }
  return count;
}

test.each([
  ['number', 4_200, 'x', 4_000],
  ['bytes', 40, 'x'.repeat(1_048_576), 16],
])('memory holds the first messages of a long queue only, limited by their %s', (_, count, body, held) => {
  const { database, messages } = open();
  for (let seq = 1; seq <= count; seq++) messages.add([message(seq, null, body)]);
  commit(messages);
  expect(messages.countsAt(0).visible).toBe(count);
  expect(countInMemory(database, messages)).toBe(held);
  database.close();
});

test.each([
  ['number', 1_200, 'x', 500],
  ['bytes', 40, 'x'.repeat(1_048_576), 16],
])('a fetch from the table is limited by their %s', (_, count, body, held) => {
  const { database, table, messages: writer } = open();
  for (let seq = 1; seq <= count; seq++) writer.add([message(seq, null, body)]);
  commit(writer);
  const messages = new QueueMessages(table, join);
  expect(messages.pick(1, 1)).toHaveLength(1);
  expect(countInMemory(database, messages)).toBe(held);
  database.close();
});

test('what was added can be received and counted only once it is committed', () => {
  const { database, messages } = open();
  messages.add([message(1), message(2, 50)]);
  expect(messages.pick(10, 100)).toEqual([]);
  expect(messages.countsAt(0)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect(messages.nextDue).toBe(Number.POSITIVE_INFINITY);
  commit(messages);
  expect(messages.countsAt(0)).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  expect(messages.pick(10, 100).map(({ seq }) => seq)).toEqual([1, 2]);
  database.close();
});

test('a message comes back at its time, not before', () => {
  const { database, messages } = open();
  messages.add([message(1), message(2, 1000)]);
  commit(messages);
  messages.deliver(messages.pick(1, 0), 500, 0);
  expect([messages.nextDue, messages.pick(10, 499).length]).toEqual([500, 0]);
  expect(messages.pick(10, 500).map(({ seq }) => seq)).toEqual([1]);
  expect(messages.pick(10, 999).map(({ seq }) => seq)).toEqual([1]);
  expect(messages.pick(10, 1000).map(({ seq }) => seq)).toEqual([1, 2]);
  database.close();
});

test('after messages were shown again the next search comes 20 ms later at the earliest', () => {
  const { database, messages } = open();
  messages.add([message(1, 100), message(2, 110), message(3, 500)]);
  commit(messages);
  expect(messages.pick(10, 100).map(({ seq }) => seq)).toEqual([1]);
  expect(messages.nextDue).toBe(120);
  expect(messages.pick(10, 119).map(({ seq }) => seq)).toEqual([1]);
  expect(messages.pick(10, 120).map(({ seq }) => seq)).toEqual([1, 2]);
  expect(messages.nextDue).toBe(500);
  database.close();
});

test('counts do not wait until somebody receives, nor until there is room in memory', () => {
  const { database, messages } = open();
  for (let seq = 1; seq <= 9_000; seq += 10) messages.add(Array.from({ length: 10 }, (_, i) => message(seq + i)));
  commit(messages);
  for (let i = 0; i < 500; i++) messages.deliver(messages.pick(10, 0), 100, 0);
  messages.add([message(9_001, 100), message(9_002, 200)]);
  commit(messages);
  expect(messages.countsAt(99)).toEqual({ visible: 4_000, inFlight: 5_000, delayed: 2 });
  expect(messages.countsAt(100)).toEqual({ visible: 9_001, inFlight: 0, delayed: 1 });
  messages.pick(10, 100);
  expect(messages.countsAt(120)).toEqual({ visible: 9_001, inFlight: 0, delayed: 1 });
  database.close();
});

test('a visibility timeout can be changed while a message is in flight and when it is visible again, not before or after', () => {
  const { database, table, messages: writer } = open();
  for (let seq = 1; seq <= 600; seq++) writer.add([message(seq)]);
  commit(writer);
  const messages = new QueueMessages(table, join);
  expect([messages.reschedule(600, 100, 0), messages.reschedule(601, 100, 0)]).toEqual([false, false]);
  messages.deliver(messages.pick(1, 0), 100, 0);
  expect(messages.reschedule(2, 100, 0)).toBe(false);
  expect(messages.pick(600, 100)).toHaveLength(600);
  expect(messages.reschedule(1, 100, 100)).toBe(true);
  expect(messages.countsAt(0)).toMatchObject({ visible: 600, inFlight: 0 });
  expect(messages.reschedule(1, 300, 100)).toBe(true);
  expect(messages.countsAt(0)).toMatchObject({ visible: 599, inFlight: 1 });
  expect(messages.pick(600, 299)).toHaveLength(599);
  expect(messages.pick(600, 300)).toHaveLength(600);
  messages.remove([1]);
  expect(messages.reschedule(1, 400, 300)).toBe(false);
  database.close();
});

test('a delivery counts, and the time of the first one is kept', () => {
  const { database, table, messages } = open();
  messages.add([message(1)]);
  commit(messages);
  messages.deliver(messages.pick(1, 10), 20, 10);
  const [again] = messages.pick(1, 50);
  expect(again).toMatchObject({ receives: 1, firstReceived: 10, due: null });
  messages.deliver([again!], 90, 50);
  messages.save();
  expect(table.dueBy(90, 10, 1)).toMatchObject([{ seq: 1, receives: 2, firstReceived: 10, due: 90 }]);
  database.close();
});

test('messages are deleted in any state, and only once', () => {
  const { database, table, messages: writer } = open();
  for (let seq = 1; seq <= 600; seq++) writer.add([message(seq)]);
  writer.add([message(601, 1000), message(602, 1000)]);
  commit(writer);
  const messages = new QueueMessages(table, join);
  messages.deliver(messages.pick(2, 0), 100, 0);
  expect(messages.countsAt(0)).toEqual({ visible: 598, inFlight: 2, delayed: 2 });
  // In flight, in the window, in the table only, delayed, one that never was.
  messages.remove([1, 3, 600, 601, 700]);
  expect(messages.countsAt(0)).toEqual({ visible: 596, inFlight: 1, delayed: 1 });
  messages.remove([1, 3, 600, 601]);
  expect(messages.countsAt(0)).toEqual({ visible: 596, inFlight: 1, delayed: 1 });
  messages.beforeCommit();
  expect(table.totals()).toEqual({ count: 598, last: 602 });
  expect(messages.removed.deleted).toBe(4);
  database.close();
});

test('messages that are past their retention are found oldest first, without those already deleted', () => {
  const { database, messages } = open();
  messages.add([1, 2, 3, 4].map((seq) => ({ ...message(seq), arrived: seq * 10 })));
  commit(messages);
  messages.remove([1]);
  expect(messages.arrivedBefore(40, 10)).toEqual([2, 3]);
  expect(messages.arrivedBefore(41, 10)).toEqual([2, 3, 4]);
  expect(messages.arrivedBefore(41, 2)).toEqual([2, 3]);
  database.close();
});

test('a purge deletes everything, also what is not committed or not yet written', () => {
  const { database, table, messages } = open();
  messages.add([message(1), message(2), message(3, 1000)]);
  commit(messages);
  messages.deliver(messages.pick(1, 0), 100, 0);
  messages.add([message(4)]);
  messages.clear();
  commit(messages);
  messages.save();
  expect(messages.countsAt(0)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect(messages.nextDue).toBe(Number.POSITIVE_INFINITY);
  expect([messages.pick(10, 5000), table.totals().count]).toEqual([[], 0]);
  // The window has room again.
  messages.add([message(5)]);
  commit(messages);
  expect(messages.pick(10, 0).map(({ seq }) => seq)).toEqual([5]);
  database.close();
});

test('a visibility timeout that is changed brings forward, or puts off, when a message is visible', () => {
  const { database, messages } = open();
  messages.add([message(1), message(2)]);
  commit(messages);
  messages.deliver(messages.pick(2, 0), 100, 0);
  messages.reschedule(1, 50, 0);
  messages.reschedule(2, 150, 0);
  expect(messages.nextDue).toBe(50);
  expect(messages.pick(10, 49)).toEqual([]);
  expect(messages.pick(10, 50).map(({ seq }) => seq)).toEqual([1]);
  expect(messages.pick(10, 149).map(({ seq }) => seq)).toEqual([1]);
  expect(messages.pick(10, 150).map(({ seq }) => seq)).toEqual([1, 2]);
  database.close();
});

test('a store that is read again knows what is in flight, delayed and waiting, and numbers go on', () => {
  const { database, table, messages: first } = open();
  first.add([message(1), message(2), message(3, 500)]);
  commit(first);
  first.deliver(first.pick(1, 0), 300, 0);
  first.save();
  const second = new QueueMessages(table, join);
  expect(second.countsAt(299)).toEqual({ visible: 1, inFlight: 1, delayed: 1 });
  expect([second.nextSeq(0), second.nextDue]).toEqual([4, 300]);
  expect(second.pick(10, 300).map(({ seq }) => seq)).toEqual([1, 2]);
  database.exec('DELETE FROM messages_1');
  const empty = new QueueMessages(table, join);
  expect([empty.nextSeq(0), empty.nextDue]).toEqual([1, Number.POSITIVE_INFINITY]);
  database.close();
});

test('every write opens a transaction first; of several deliveries the last is written, and none of a deleted message', () => {
  const { database, table, messages } = open();
  messages.add([message(1), message(2), message(3)]);
  commit(messages);
  const deliver = vi.spyOn(table, 'deliver');
  messages.deliver(messages.pick(3, 0), 5, 0);
  messages.deliver(messages.pick(0, 0), 5, 0);
  join.mockClear();
  const writes: (() => void)[] = [
    () => messages.remove([2]),
    () => messages.save(),
    () => messages.reschedule(1, 10, 0),
    () => messages.add([message(4)]),
    () => messages.quarantine(3, 'a reason'),
    () => messages.clear(),
  ];
  for (const write of writes) {
    join.mockClear();
    write();
    expect(join).toHaveBeenCalled();
  }
  expect(deliver.mock.calls.map(([written]) => written.map(({ seq }) => seq))).toEqual([[1, 3]]);
  join.mockClear();
  messages.save();
  messages.remove([]);
  expect(join).not.toHaveBeenCalled();
  database.close();
});
