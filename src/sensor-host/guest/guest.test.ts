import { beforeEach, expect, test, vi } from 'vitest';
import { HostList } from '../../lib/net/host-list.js';
import { TestClock } from '../../test/support/sensor-clock.js';
import { RegionLink } from '../region-link.js';
import { Delivery } from './delivery.js';
import { Guest } from './guest.js';
import type { FileTable } from './guest-files.js';
import type { HttpTransport } from './transport.js';
import { type GuestExit, ProcExit } from './wasi-guest.js';

// The code of the guest is a function of the test; sensor-host.test.ts has whole scripts.
let run: () => void;
let exits: GuestExit[];
let closeAll: ReturnType<typeof vi.fn>;
let clock: TestClock;
let guest: Guest;

beforeEach(() => {
  [run, exits, closeAll, clock] = [() => {}, [], vi.fn(), new TestClock()];
  const host = {
    clock,
    setCurrent: () => {},
    exited: (_: Guest, exit: GuestExit) => exits.push(exit),
  };
  const files = { closeAll } as unknown as FileTable;
  const delivery = new Delivery(new RegionLink({} as HttpTransport), new HostList([]), clock);
  guest = new Guest(host, delivery, { files, args: ['--a'], env: { B: '2', A: '1' } });
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

const throwing = (error: unknown) => () => {
  throw error;
};

test.each<[string, () => void, GuestExit]>([
  ['returns', () => {}, { kind: 'returned' }],
  ['exits', throwing(new ProcExit(3)), { kind: 'exit', code: 3 }],
  ['traps', throwing(new Error('unreachable')), { kind: 'trap', message: 'unreachable' }],
])('a guest that %s is reported once, with its files closed, and can’t be stopped afterwards', (_, code, exit) => {
  run = code;
  start();
  guest.stop();
  expect([guest.exit, exits, closeAll.mock.calls.length]).toEqual([exit, [exit], 1]);
});

test('a guest that retires ends in its sleep; one that is overdue runs once more', async () => {
  const code = vi.fn(() => void guest.sleep(500));
  run = code;
  start();
  clock.time = 600;
  guest.retire();
  expect([guest.exit, exits]).toEqual([undefined, []]);
  await clock.pass(0);
  expect([code.mock.calls.length, exits]).toEqual([2, [{ kind: 'stopped' }]]);
});

test('a guest that is stopped in its sleep never runs again', async () => {
  const code = vi.fn(() => void guest.sleep(500));
  run = code;
  start();
  guest.stop();
  await clock.pass(10_000);
  expect([code.mock.calls.length, exits, closeAll.mock.calls.length]).toEqual([1, [{ kind: 'stopped' }], 1]);
});
