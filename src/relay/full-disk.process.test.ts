/** A relay on a disk that is full: it refuses what is new, forwards and forgets what it has, and goes on when there is room. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StoreEvent } from '../sqs-server/store/queue-store.js';
import { canMount, NEEDS_MOUNT, SmallDisk } from '../test/support/small-disk.js';
import { RelayBuffer } from './relay-buffer.js';

describe.skipIf(!canMount())(`on a small disk (${NEEDS_MOUNT})`, () => {
  let folder: string;
  let disk: SmallDisk;
  let buffer: RelayBuffer;
  let events: StoreEvent['type'][];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'relay-disk-'));
    disk = new SmallDisk(folder, 24);
    events = [];
    buffer = new RelayBuffer(join(folder, 'relay.db'), 1e9, ({ type }) => events.push(type));
  });
  afterEach(() => {
    buffer.close();
    disk.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  const take = (n: number) => buffer.send([{ body: `{"n":${n},"x":"${'x'.repeat(5_000)}"}` }]);
  const kept = (max = 1e9) => buffer.read(0, Number.MAX_SAFE_INTEGER, max);

  test('all that was taken is kept and can be forwarded, and then there is room again', {
    timeout: 60_000,
  }, async () => {
    for (let n = 1; n <= 20; n++) await take(n);
    disk.fill();
    let taken = 20;
    for (;;) {
      try {
        await take(taken + 1);
        taken++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'RELAY_FULL' });
        break;
      }
    }
    await expect(buffer.depth()).rejects.toMatchObject({ code: 'RELAY_FULL' });
    expect(kept().map(({ text }) => JSON.parse(text).n)).toEqual(Array.from({ length: taken }, (_, i) => i + 1));
    const first = kept(20_000);
    buffer.remove(first.map(({ id }) => id));
    await vi.waitFor(() => expect(kept()).toHaveLength(taken - first.length));
    disk.makeRoom();
    await vi.waitFor(() => take(1001), { timeout: 10_000, interval: 200 });
    expect(buffer.count).toBe(taken - first.length + 1);
    expect(events).toEqual(['store-full', 'store-writable']);
  });
});
