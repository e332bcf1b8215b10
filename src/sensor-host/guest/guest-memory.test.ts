import { expect, test } from 'vitest';
import { GuestMemory } from './guest-memory.js';

const PAGE = 65_536;

test('what lies inside the memory is copied up to its last byte, and nothing beyond it', () => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  memory.bytes.set([104, 105], PAGE - 2);
  expect([memory.text(PAGE - 2, 2), memory.text(PAGE - 2, 3), memory.text(PAGE, 0), memory.text(PAGE + 1, 0)]).toEqual([
    ...['hi', undefined, '', undefined],
  ]);
  expect([memory.holds(0, PAGE), memory.holds(0, PAGE + 1), memory.holds(1, PAGE)]).toEqual([true, false, false]);
});

test('a copy stays as it was when the guest goes on writing', () => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  memory.bytes[5] = 1;
  const copy = memory.copy(5, 1)!;
  memory.bytes[5] = 2;
  expect([...copy]).toEqual([1]);
});

test('memory that the guest has grown is seen, old and new', () => {
  const grown = new WebAssembly.Memory({ initial: 1 });
  const memory = new GuestMemory(grown);
  memory.view.setUint8(0, 7);
  grown.grow(1);
  expect([memory.size, memory.bytes[0], memory.view.byteLength]).toEqual([2 * PAGE, 7, 2 * PAGE]);
  memory.view.setUint8(2 * PAGE - 1, 9);
  expect(memory.bytes.at(-1)).toBe(9);
});
