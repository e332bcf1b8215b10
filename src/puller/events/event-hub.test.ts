import { beforeEach, expect, test } from 'vitest';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { Reading } from '../../protocol/message.js';
import type { Delivery } from '../delivery.js';
import { EventHub } from './event-hub.js';

let hub: EventHub;
let events: FleetEvent[];

beforeEach(() => {
  [hub, events] = [new EventHub(), []];
});

function delivery(sequence: number, receivedAt = sequence): Delivery {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'h', icon_name: '', color: '', region: 'eu', sequence },
    ...{ timestamp: '', job_submission_time: 1 },
  };
  return { id: `${sequence}`, body: '', message: {}, reading, config: undefined, receivedAt };
}

test('subscribers hear of each reading once, and whether it came late', () => {
  hub.subscribe((event) => events.push(event));
  hub.record([delivery(1), delivery(3), delivery(3), delivery(2), delivery(1)]);
  const heard = events.map((event) => event.event === 'reading' && [event.reading.sequence, event.late]);
  expect(heard).toEqual([
    [1, false],
    [3, false],
    [2, true],
  ]);
  expect(hub.fleet.view(3)[0]).toMatchObject({ received: 3, duplicates: 2 });
});

test('what came again of the run before a restart is told to nobody, and leaves the account of that run as it is', () => {
  const at = (second: number, sequence: number): Delivery => {
    const { reading, ...rest } = delivery(sequence, second * 1000);
    return { ...rest, reading: { ...reading!, timestamp: new Date(second * 1000).toISOString() } };
  };
  const first = [at(1, 1), at(2, 2), at(5, 5)];
  hub.record([...first, at(60, 1), at(61, 2)]);
  const [before] = hub.fleet.view(62_000);
  expect(before).toMatchObject({ received: 5, restarts: 1, unaccounted: 2 });
  hub.subscribe((event) => events.push(event));
  const again = first.map((one) => ({ ...one }));
  hub.record(again, undefined, new Set(again));
  expect(hub.fleet.view(62_000)[0]).toEqual({ ...before, duplicates: 3 });
  expect(events).toEqual([]);
});

test('other messages are published as they are, and count for no sensor', () => {
  hub.subscribe((event) => events.push(event));
  hub.record([{ ...delivery(1), reading: undefined, message: { test: 1 }, receivedAt: 7 }]);
  expect(events).toEqual([{ event: 'message', message: { test: 1 }, received_at: 7 }]);
  expect(hub.fleet.view(7)).toEqual([]);
});

test('who has left hears nothing more, and the others do', () => {
  const leave = hub.subscribe(() => events.push({ event: 'message', message: { left: true }, received_at: 0 }));
  hub.subscribe((event) => events.push(event));
  leave();
  hub.record([delivery(1)]);
  expect(events.map(({ event }) => event)).toEqual(['reading']);
});
