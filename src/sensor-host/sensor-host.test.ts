import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Script, type ScriptedGuest, scriptedModule } from '../test/support/scripted-module.js';
import { TestClock } from '../test/support/sensor-clock.js';
import type { HttpAnswer, HttpRequest } from './guest/transport.js';
import { type GuestSpec, SensorHost } from './sensor-host.js';

let clock: TestClock;
let host: SensorHost;
/** Requests in flight, each with the way to answer it. */
let sent: { request: HttpRequest; answer: (answer: HttpAnswer) => void }[];
let closed: string[];
let exits: unknown[];
const OK = (body: string): HttpAnswer => ({ result: 0, status: 201, headers: '', body: Buffer.from(body) });

beforeEach(() => {
  clock = new TestClock();
  [sent, closed, exits] = [[], [], []];
  host = newHost();
});
afterEach(() => host.close());

function newHost(maxGuests?: number): SensorHost {
  return new SensorHost({
    clock,
    ...(maxGuests === undefined ? {} : { maxGuests }),
    transport: {
      send(request, answer) {
        sent.push({ request, answer });
        return { close: () => closed.push(request.url.href) };
      },
      async close() {
        closed.push('transport');
      },
    },
  });
}

function start(script: Script, spec: Partial<GuestSpec> = {}) {
  return host.start(scriptedModule(script), { args: [], env: {}, region: 'us', ...spec }, (exit, lastLine) =>
    exits.push([exit, lastLine]),
  );
}

test('a guest runs until it first waits, and goes on when the time is over', async () => {
  const steps: string[] = [];
  const guest = start(function* (guest) {
    steps.push('started');
    yield* guest.sleep(500);
    steps.push(`woke at ${clock.time}`);
    yield* guest.sleep(250);
    steps.push(`woke at ${clock.time}`);
  });
  expect([steps, guest.exit, host.stats().running]).toEqual([['started'], undefined, 1]);
  await clock.pass(499);
  expect(steps).toHaveLength(1);
  await clock.pass(1000);
  expect(steps).toEqual(['started', 'woke at 500', 'woke at 750']);
  expect([guest.exit, exits, host.stats().running]).toEqual([{ kind: 'returned' }, [[{ kind: 'returned' }, '']], 0]);
});

test('arguments come after an empty name of the program, the environment is sorted', () => {
  const seen: string[] = [];
  const script: Script = function* (guest) {
    for (const kind of ['args', 'environ']) {
      yield [`${kind}_sizes_get`, 100, 104];
      yield [`${kind}_get`, 200, 300];
      seen.push(guest.text(300, guest.word(104)));
    }
  };
  start(script, { args: ['--a', 'ö'], env: { Z: '1', A: '2', M: '' } });
  expect(seen).toEqual(['\0--a\0ö\0', 'A=2\0M=\0Z=1\0']);
});

test('an exit, a trap and a return are distinguished, each with the last line', async () => {
  start(function* (guest) {
    yield* guest.write(1, 'first\nall done\n');
    yield ['proc_exit', 3];
  });
  start(function* (guest) {
    yield* guest.write(2, 'no end of line');
    throw new Error('unreachable');
  });
  // The listener is called after `start` has returned.
  expect(exits).toEqual([]);
  await clock.pass(0);
  expect(exits).toEqual([
    [{ kind: 'exit', code: 3 }, 'all done'],
    [{ kind: 'trap', message: 'unreachable' }, 'no end of line'],
  ]);
  expect(host.stats()).toEqual({ running: 0, results: { us: {} } });
});

test('a trap leaves the other guests running, each in its own memory', async () => {
  const written: string[] = [];
  const waiting = (name: string): Script =>
    function* (guest: ScriptedGuest) {
      guest.put(100, name);
      yield* guest.sleep(100);
      yield* guest.write(1, `${guest.text(100, 1)}\n`);
      written.push(name);
    };
  const [a, b] = [start(waiting('a')), start(waiting('b'))];
  start(function* () {
    yield ['fd_close', 99];
    throw new Error('bug');
  });
  await clock.pass(100);
  expect([written, a.lastLines, b.lastLines]).toEqual([['a', 'b'], ['a'], ['b']]);
});

test('a request is answered into the memory of its guest, whoever runs in between', async () => {
  const seen: unknown[] = [];
  const asking = (path: string): Script =>
    function* (guest: ScriptedGuest) {
      const result = yield* guest.request(`http://p${path}`);
      seen.push([path, result, guest.word(5000), guest.text(6000, guest.word(5008))]);
    };
  start(asking('/a'));
  start(asking('/b'));
  expect(sent.map(({ request }) => request.url.href)).toEqual(['http://p/a', 'http://p/b']);
  sent[1]!.answer(OK('to b'));
  sent[0]!.answer({ result: 3 });
  expect(seen).toEqual([
    ['/b', 0, 201, 'to b'],
    ['/a', 3, 0, expect.anything()],
  ]);
  expect(host.stats()).toEqual({ running: 0, results: { us: { '2xx': 1, timeout: 1 } } });
});

test('an invalid request fails at once and is not counted', () => {
  const results: number[] = [];
  start(function* (guest) {
    results.push(yield* guest.request('no url'));
    results.push(yield* guest.request('ftp://p/'));
  });
  expect([results, sent, host.stats().results]).toEqual([[1, 2], [], { us: {} }]);
});

test('a stopped guest never runs again: neither its sleep nor its request comes to an end', async () => {
  const after: string[] = [];
  const asleep = start(function* (guest) {
    yield* guest.sleep(10);
    after.push('slept');
  });
  const asking = start(function* (guest) {
    yield* guest.request('http://p/x');
    after.push('answered');
  });
  asleep.stop();
  asking.stop();
  asking.stop();
  sent[0]!.answer(OK(''));
  await clock.pass(1000);
  expect([after, closed]).toEqual([[], ['http://p/x']]);
  expect([asleep.exit, asking.exit]).toEqual([{ kind: 'stopped' }, { kind: 'stopped' }]);
  expect(exits).toEqual([
    [{ kind: 'stopped' }, ''],
    [{ kind: 'stopped' }, ''],
  ]);
  expect(host.stats().running).toBe(0);
});

test('a cut link fails requests of its region only', async () => {
  const results: string[] = [];
  const asking = (region: string): Script =>
    function* (guest: ScriptedGuest) {
      results.push(`${region} ${yield* guest.request(`http://${region}/`)}`);
      results.push(`${region} ${yield* guest.request(`http://${region}/`)}`);
    };
  expect(host.isConnected('eu')).toBe(true);
  start(asking('eu'), { region: 'eu' });
  start(asking('us'), { region: 'us' });
  host.setLink('eu', false);
  expect([host.isConnected('eu'), host.isConnected('us')]).toEqual([false, true]);
  await clock.pass(0);
  expect([results, closed, sent.length]).toEqual([['eu 2', 'eu 2'], ['http://eu/'], 2]);
  host.setLink('eu', true);
  expect(host.isConnected('eu')).toBe(true);
});

test('a full process refuses further guests, and takes them when others have stopped', () => {
  host = newHost(2);
  const forever: Script = function* (guest) {
    yield* guest.sleep(1e9);
  };
  const [first] = [start(forever), start(forever)];
  const full = { code: 'HOST_FULL', fault: 'system', message: "the sensor host can't hold more than 2 sensors" };
  expect(() => start(forever)).toThrow(expect.objectContaining(full));
  first!.stop();
  start(forever);
  expect(host.stats().running).toBe(2);
});

test('an instance that does not start is no guest: no address space, or an invalid module', () => {
  const failing = (error: Error) => ({
    name: 'x.wasm',
    instantiate() {
      throw error;
    },
  });
  const spec = { args: [], env: {}, region: 'us' };
  expect(() => host.start(failing(new RangeError('Out of memory')), spec)).toThrow(
    expect.objectContaining({
      code: 'HOST_FULL',
      message: "the sensor host can't hold more than 0 sensors",
      hint: expect.stringContaining('--disable-wasm-trap-handler'),
    }),
  );
  expect(() => host.start(failing(new TypeError('no such import')), spec)).toThrow(
    expect.objectContaining({ code: 'MODULE_INVALID', message: "x.wasm can't be started: no such import" }),
  );
  expect(host.stats().running).toBe(0);
});

test('the last eight lines are kept, and the one that is not complete; long ones in part', () => {
  const { lastLines } = start(function* (guest) {
    yield* guest.write(1, `${'x'.repeat(700)}`);
    yield* guest.write(2, `${'x'.repeat(700)}\n`);
    for (let i = 1; i < 8; i++) yield* guest.write(1, `${i}\n`);
    yield* guest.write(1, 'a');
    yield* guest.write(1, 'b\nc');
  });
  expect(lastLines).toEqual(['1', '2', '3', '4', '5', '6', '7', 'ab', 'c']);
  const long = start(function* (guest) {
    yield* guest.write(1, `${'x'.repeat(700)}${'y'.repeat(200)}`);
    yield* guest.write(1, `${'z'.repeat(700)}\n`);
  });
  expect(long.lastLines).toEqual(['x'.repeat(700) + 'y'.repeat(200) + 'z'.repeat(100)]);
});

test('what a guest writes shows no token, in whatever parts it is written', () => {
  const env = { SENSOR_TOKEN: 'edge-us-1.secret-one', WASM_SENSORS_TOKEN: 'secret-two' };
  const { lastLines } = start(
    function* (guest) {
      yield* guest.write(1, 'a edge-us-1.secret-one b\nc edge-us-1');
      yield* guest.write(2, '.secret');
      yield* guest.write(1, `-one ${'x'.repeat(2000)}\n`);
      // A long line is cut, not the token at its end.
      yield* guest.write(1, `${'x'.repeat(990)}secret-two\n`);
      yield* guest.write(1, `${'x'.repeat(5000)}secret-`);
      yield* guest.write(1, 'two\n');
    },
    { env },
  );
  expect(lastLines.join()).not.toMatch(/secret/);
  expect(lastLines.slice(0, 2)).toEqual(['a *** b', `c *** ${'x'.repeat(994)}`]);
});

test('a closed host has no guests, and closes its transport', async () => {
  start(function* (guest) {
    yield* guest.request('http://p/x');
  });
  await host.close();
  expect([host.stats().running, closed]).toEqual([0, ['http://p/x', 'transport']]);
});

test('stopped guests are reclaimed only when they are many', async () => {
  const stopMany = (count: number) => {
    for (let i = 0; i < count; i++) start(function* () {});
  };
  // A collection takes a turn of the event loop.
  const reclaims = async () => {
    let turns = 0;
    setImmediate(() => turns++);
    await host.reclaim();
    return turns === 1;
  };
  stopMany(1000);
  expect(await reclaims()).toBe(false);
  stopMany(1);
  expect(await reclaims()).toBe(true);
  expect(await reclaims()).toBe(false);
});
