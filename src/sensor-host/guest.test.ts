import { beforeEach, expect, test, vi } from 'vitest';
import { TestClock } from '../test/support/sensor-clock.js';
import { Guest, type GuestEnd, ProcExit } from './guest.js';
import type { FileTable } from './guest-files.js';
import { RegionLink } from './host-link.js';
import type { HttpTransport } from './transport.js';

// A guest whose code is a function of the test's: no module is compiled.
let run: () => void;
let ends: GuestEnd[];
let closeAll: ReturnType<typeof vi.fn>;
let clock: TestClock;
let guest: Guest;

beforeEach(() => {
  [run, ends, closeAll, clock] = [() => {}, [], vi.fn(), new TestClock()];
  const transport = {} as HttpTransport;
  const world = {
    clock,
    transport,
    stats: { requests: 0 },
    setCurrent: () => {},
    ended: (_: Guest, end: GuestEnd) => ends.push(end),
  };
  const files = { closeAll } as unknown as FileTable;
  guest = new Guest(world, new RegionLink(), files, { args: ['--a'], env: { B: '2', A: '1' } });
});

function start(): void {
  const nothing = () => {};
  const exports = {
    ...{ memory: new WebAssembly.Memory({ initial: 1 }), _start: () => run() },
    ...{ asyncify_buffer_start: { value: 1024 }, asyncify_buffer_end: { value: 2048 } },
    ...{ asyncify_start_unwind: nothing, asyncify_stop_unwind: nothing },
    ...{ asyncify_start_rewind: nothing, asyncify_stop_rewind: nothing },
  };
  guest.start({ exports } as unknown as WebAssembly.Instance);
}

test.each<[string, () => void, GuestEnd]>([
  ['returns', () => {}, { kind: 'returned' }],
  [
    'exits',
    () => {
      throw new ProcExit(3);
    },
    { kind: 'exit', code: 3 },
  ],
  [
    'traps',
    () => {
      throw new Error('unreachable');
    },
    { kind: 'trap', message: 'unreachable' },
  ],
])('a guest that %s has ended, once, with its files closed, and is not stopped after it', (_, code, end) => {
  run = code;
  start();
  guest.stop();
  expect([guest.end, ends, closeAll.mock.calls.length]).toEqual([end, [end], 1]);
});

test('a guest that sleeps goes on where it was when its time has come', async () => {
  const results: number[] = [];
  run = () => void (guest.returning ? results.push(guest.rewound()) : guest.sleep(500));
  start();
  await clock.pass(499);
  expect([results, guest.end]).toEqual([[], undefined]);
  await clock.pass(1);
  expect([results, guest.end]).toEqual([[0], { kind: 'returned' }]);
});

test('a guest that is stopped in its sleep never runs again', async () => {
  const code = vi.fn(() => void guest.sleep(500));
  run = code;
  start();
  guest.stop();
  await clock.pass(10_000);
  expect([code.mock.calls.length, ends, closeAll.mock.calls.length]).toEqual([1, [{ kind: 'stopped' }], 1]);
});

test('it sees an empty name for itself, its arguments, and its environment in order', () => {
  expect(guest.args.map(String)).toEqual(['\0', '--a\0']);
  expect(guest.environment.map(String)).toEqual(['A=1\0', 'B=2\0']);
});
