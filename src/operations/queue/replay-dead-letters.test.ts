/** What a replay counts, before a queue that is made up: who is told a number too many loses trust in the other ones. */
import { expect, test } from 'vitest';
import type { AdminQueue, SeenMessage } from '../../queue/queue.js';
import { replayAll, replayOnly } from './replay-dead-letters.js';

const letter = (id: string, attributes: Record<string, string> = {}): SeenMessage => ({
  ...{ id, body: id, attributes, receipt: id, receiveCount: 1, sentAt: 0 },
  ...{ deadLetterReason: undefined, exhausted: false, rawAttributes: undefined },
});

interface World {
  letters?: SeenMessage[];
  depth?: { visible: number; inFlight: number };
  /** Ids of messages that can't be sent, or deleted. */
  unsendable?: string[];
  undeletable?: string[];
}

function queueOf({ letters = [], depth, unsendable = [], undeletable = [] }: World) {
  const log = {
    looks: 0,
    max: [] as number[],
    sent: [] as string[],
    deleted: [] as string[],
    released: [] as string[],
  };
  const left = [...letters];
  const dead = {
    depth: async () => ({ ...(depth ?? { visible: letters.length, inFlight: 0 }), delayed: 0 }),
    async look({ max }: { max: number }) {
      log.looks++;
      log.max.push(max);
      return left.splice(0, max);
    },
    release: async (receipts: string[]) => void log.released.push(...receipts),
    async delete(receipts: string[]) {
      if (receipts.length === 0) throw new Error('SQS refuses an empty batch');
      const kept = receipts.filter((receipt) => undeletable.includes(receipt));
      log.deleted.push(...receipts.filter((receipt) => !kept.includes(receipt)));
      return kept;
    },
  };
  const queue = {
    name: 'http://queue/main',
    deadLetters: async () => dead,
    async sendBack({ id }: SeenMessage) {
      if (unsendable.includes(id)) throw new Error(`${id} is too long`);
      log.sent.push(id);
    },
  };
  const progress: number[] = [];
  return { queue: queue as unknown as AdminQueue, log, progress, onProgress: (count: number) => progress.push(count) };
}

test('all are looked for, however few the queue counts', async () => {
  const { queue, onProgress } = queueOf({ letters: [letter('a'), letter('b')], depth: { visible: 1, inFlight: 0 } });
  expect(await replayAll(queue, onProgress)).toEqual({ replayed: 2 });
});

test('of ids that are not there each is named, and what was replayed of the others', async () => {
  const { queue, log, onProgress } = queueOf({ letters: [letter('a'), letter('b')] });
  await expect(replayOnly(queue, ['x', 'b', 'y'], onProgress)).rejects.toMatchObject({
    ...{ code: 'NO_SUCH_DEAD_LETTER', message: 'no dead letter has the id x, y', details: ['b was replayed'] },
  });
  expect([log.deleted, log.released]).toEqual([['b'], ['a']]);
});

test('one that was replayed and is back already is not counted again, and ends the replay', async () => {
  const letters = [...Array.from({ length: 10 }, (_, n) => letter(`m${n}`)), letter('back', { replay_of: 'm3' })];
  const { queue, log, progress, onProgress } = queueOf({ letters });
  expect(await replayAll(queue, onProgress)).toEqual({ replayed: 10 });
  expect(progress).toEqual([10]);
  expect(log.released).toEqual(['back']);
});

test('one that was replayed before and comes back keeps its first id, also as a part of a packed one: it goes once', async () => {
  const letters = [
    ...[letter('b1', { replay_of: 'a1' }), letter('packed'), letter('b2', { replay_of: 'a2/1' })],
    ...[letter('c2', { replay_of: 'a2/2' }), ...Array.from({ length: 6 }, (_, n) => letter(`m${n}`))],
    ...[letter('b3', { replay_of: 'a1' }), letter('d', { replay_of: 'packed/7' }), letter('e', { replay_of: 'a2/1' })],
  ];
  const { queue, log, onProgress } = queueOf({ letters, depth: { visible: 10, inFlight: 0 } });
  expect(await replayAll(queue, onProgress)).toEqual({ replayed: 10 });
  expect(log.released).toEqual(['b3', 'd', 'e']);
});

test('while some are left those that are back do not end it, and those that come later are left', async () => {
  const { queue, log, onProgress } = queueOf({ depth: { visible: 2, inFlight: 0 } });
  const later = { ...letter('later'), sentAt: Date.now() + 60_000 };
  const looks = [[letter('a')], [letter('back', { replay_of: 'a' })], [letter('b')], [later], [letter('never')]];
  const dead = await queue.deadLetters();
  dead.look = async () => looks.shift() ?? [];
  expect(await replayAll(queue, onProgress)).toEqual({ replayed: 2 });
  expect(log.released).toEqual(['back', 'later']);
});

test('of those that are named each is counted once, and nothing is looked for when all are found', async () => {
  const letters = Array.from({ length: 25 }, (_, n) => letter(`m${n}`));
  const { queue, log, progress, onProgress } = queueOf({ letters });
  expect(await replayOnly(queue, ['m2', 'm11', 'm2'], onProgress)).toEqual({ replayed: 2 });
  expect([progress, log.looks, log.deleted]).toEqual([[1, 2], 2, ['m2', 'm11']]);
  expect(log.released).toHaveLength(18);
});

test('one that can’t be sent fails the replay after the others of its batch, and is released', async () => {
  const { queue, log, onProgress } = queueOf({ letters: ['a', 'b', 'c'].map((id) => letter(id)), unsendable: ['b'] });
  await expect(replayAll(queue, onProgress)).rejects.toThrow('b is too long');
  expect([log.deleted, log.released]).toEqual([['a', 'c'], ['b']]);
});

test('nothing is deleted where nothing could be sent', async () => {
  const { queue, log, onProgress } = queueOf({ letters: [letter('a')], unsendable: ['a'] });
  await expect(replayAll(queue, onProgress)).rejects.toThrow('a is too long');
  expect(log.deleted).toEqual([]);
});

test('one that was sent and can’t be deleted is not counted: it is in both queues', async () => {
  const { queue, log, progress, onProgress } = queueOf({ letters: [letter('a'), letter('b')], undeletable: ['b'] });
  await expect(replayAll(queue, onProgress)).rejects.toMatchObject({
    ...{ code: 'QUEUE_ERROR', message: expect.stringMatching(/^1 dead letters? w/) },
  });
  expect([progress, log.released]).toEqual([[], ['b']]);
});
