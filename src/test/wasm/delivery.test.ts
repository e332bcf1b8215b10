/** What the publisher does when the proxy is unreachable, slow, or rejects readings. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import type { Guest } from '../../sensor-host/guest/guest.js';
import { TestSensor } from '../support/test-sensor.js';

let sensor: TestSensor;
beforeEach(async () => {
  sensor = await TestSensor.prepare();
});
afterEach(() => sensor.close());

const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const sizes = () => sensor.proxy.requests.map(({ body }) => (Array.isArray(body) ? body.length : 1));

describe('an outage', () => {
  it('loses nothing: all readings arrive in order and on their dates', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(10_000);
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(60_000);
    sensor.host.setLink('eu', true);
    await sensor.clock.pass(10_000);
    const times = sensor.proxy.readings.map(({ timestamp }) => Date.parse(timestamp));
    expect(sensor.proxy.sequences).toEqual(oneTo(times.length));
    expect(times.length).toBeGreaterThanOrEqual(80);
    expect(new Set(times.slice(2).map((time, i) => time - times[i + 1]!))).toEqual(new Set([1000]));
    expect(sensor.guest.lastLines.slice(-2)).toEqual([
      'delivery failed: cannot connect. Readings are kept; retrying',
      expect.stringMatching(/^proxy reachable again; \d+ readings waiting$/),
    ]);
  });

  it('is over within 3 s of the link, with several readings a request', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(60_000);
    sensor.host.setLink('eu', true);
    sensor.proxy.requests.length = 0;
    await sensor.clock.pass(3000);
    expect(sensor.proxy.readings.length).toBeGreaterThanOrEqual(60);
    expect(sizes()[0]).toBe(1);
    expect(Math.max(...sizes())).toBe(32);
    expect(sensor.proxy.requests.length).toBeLessThan(8);
  });

  it.each([[500], [503], [429], [401], [403], [408]])(
    'is any answer %i: asked again at most every 2 s',
    async (status) => {
      sensor.proxy.answer = () => ({ status, body: '{"error":{"code":"X","reason":"not now"}}' });
      await sensor.start({ args: ['--interval', '0.5'] });
      await sensor.clock.pass(20_000);
      expect(sensor.proxy.requests.length).toBeGreaterThanOrEqual(8);
      expect(sensor.proxy.requests.length).toBeLessThanOrEqual(11);
      sensor.proxy.answer = () => ({});
      await sensor.clock.pass(5000);
      expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length));
      expect(sensor.proxy.readings.length).toBeGreaterThanOrEqual(50);
    },
  );

  it('is a connection that breaks', async () => {
    sensor.proxy.answer = () => 'drop';
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(5000);
    sensor.proxy.answer = () => ({});
    await sensor.clock.pass(5000);
    expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length));
    expect(sensor.proxy.readings.length).toBeGreaterThanOrEqual(9);
  });

  it('respects Retry-After', async () => {
    sensor.proxy.answer = () => ({ status: 503, headers: { 'retry-after': '7' }, body: '{}' });
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(22_000);
    expect(sensor.proxy.requests.length).toBeGreaterThanOrEqual(3);
    expect(sensor.proxy.requests.length).toBeLessThanOrEqual(4);
  });

  it('keeps two hours at the default interval, and drops the oldest after its 4,096', async () => {
    await sensor.start();
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(2 * 3_600_000);
    sensor.host.setLink('eu', true);
    await sensor.clock.pass(5000);
    expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length));
    expect(sensor.proxy.readings.length).toBeGreaterThan(1440);

    sensor.host.setLink('eu', false);
    const before = sensor.proxy.readings.length;
    await sensor.clock.pass(7 * 3_600_000);
    sensor.host.setLink('eu', true);
    await sensor.clock.pass(4000);
    const late = sensor.proxy.sequences.slice(before);
    expect(late[0]).toBeGreaterThan(before + 900);
    expect(late).toEqual(late.map((_, i) => late[0]! + i));
    expect(late.length).toBeGreaterThanOrEqual(4096);
    expect(late.length).toBeLessThanOrEqual(4097);
  }, 30_000);
});

describe('a proxy that takes no arrays, and fails with 500 at each', () => {
  /** As the original one: a reading is an object with fields. */
  const original = () => {
    sensor.proxy.answer = ({ body }) => (Array.isArray(body) ? { status: 500, body: 'Internal Server Error' } : {});
  };

  it.each(['0.1', '1'])('gets all readings after an outage, one by one, at an interval of %s s', async (interval) => {
    original();
    await sensor.start({ args: ['--interval', interval] });
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(120_000);
    sensor.host.setLink('eu', true);
    await sensor.clock.pass(60_000);
    const caughtUp = Number(sensor.proxy.sequences.at(-1)) * Number(interval);
    expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length));
    expect(caughtUp).toBeGreaterThan(175);
    // And it keeps up.
    await sensor.clock.pass(60_000);
    expect(Number(sensor.proxy.sequences.at(-1)) * Number(interval)).toBeGreaterThan(235);
  });

  it('is sent an array now and then, in case that another proxy answers meanwhile', async () => {
    original();
    await sensor.start({ args: ['--interval', '0.5'] });
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(600_000);
    sensor.host.setLink('eu', true);
    await sensor.clock.pass(2500);
    sensor.proxy.answer = () => ({});
    await sensor.clock.pass(20_000);
    expect(sizes().filter((size) => size === 32).length).toBeGreaterThan(10);
    expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length));
  });
});

describe('a proxy that does not answer', () => {
  it('delays no reading: all that fell due are taken, with their dates', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(3000);
    sensor.proxy.answer = () => 'hang';
    await sensor.clock.pass(30_000);
    sensor.proxy.answer = () => ({});
    await sensor.clock.pass(40_000);
    const times = sensor.proxy.readings.slice(1).map(({ timestamp }) => Date.parse(timestamp));
    expect(sensor.proxy.sequences).toEqual(oneTo(times.length + 1));
    expect(new Set(times.slice(1).map((time, i) => time - times[i]!))).toEqual(new Set([1000]));
    expect(sensor.guest.lastLines.join()).toContain('no answer within 30 s');
  });
});

describe('a rejection', () => {
  it('drops that reading only, and is logged once', async () => {
    const refuse = (status: number, sequence: number) => {
      sensor.proxy.answer = ({ body }) =>
        (body as Reading).sequence === sequence ? { status, body: '{"error":{"code":"BAD","reason":"no"}}' } : {};
    };
    refuse(422, 2);
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(5000);
    expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length + 1).filter((n) => n !== 2));
    const logged = sensor.guest.lastLines.filter((line) => line.includes('rejected'));
    expect(logged).toEqual(['rejected with 422 (from reading 2 on), dropped: {"error":{"code":"BAD","reason":"no"}}']);
  });

  it('of an array is found out one by one', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(20_000);
    sensor.host.setLink('eu', true);
    sensor.proxy.answer = ({ body }) =>
      [body as Reading].flat().some(({ sequence }) => sequence === 7) ? { status: 413, body: '{}' } : {};
    await sensor.clock.pass(10_000);
    const all = oneTo(sensor.proxy.readings.length + 1);
    expect(sensor.proxy.sequences).toEqual(all.filter((n) => n !== 7));
  });

  it('of a part of an array (207) forgets them all', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(10_000);
    sensor.host.setLink('eu', true);
    const body = '{"status":"partial","accepted":2,"refused":[{"index":1,"code":"BAD","reason":"no"}]}';
    sensor.proxy.answer = ({ body: sent }) => (Array.isArray(sent) ? { status: 207, body } : {});
    await sensor.clock.pass(10_000);
    expect(sensor.proxy.sequences).toEqual(oneTo(sensor.proxy.readings.length));
    expect(sensor.guest.lastLines.filter((line) => line.includes('207'))).toHaveLength(1);
  });

  it('as superseded makes it exit', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(5000);
    expect(sensor.exit).toBeUndefined();
    sensor.proxy.answer = () => ({ body: '{"status":"superseded"}' });
    await sensor.clock.pass(5000);
    expect(sensor.exit).toMatchObject({
      kind: 'exit',
      code: 0,
      lastLine: expect.stringMatching(/^exiting: superseded/),
    });
  });
});

describe('its log', () => {
  it('stays far below what fills a Bacalhau node, however the network flaps', async () => {
    let lines = 0;
    await sensor.start({ args: ['--interval', '0.5'] });
    const { output } = sensor.guest as Guest;
    const write = output.write.bind(output);
    output.write = (text) => {
      lines += text.split('\n').length - 1;
      write(text);
    };
    for (let i = 0; i < 600; i++) {
      sensor.host.setLink('eu', i % 2 === 1);
      await sensor.clock.pass(3000);
    }
    expect(lines).toBeGreaterThan(40);
    expect(lines).toBeLessThan(70);
  }, 30_000);
});
