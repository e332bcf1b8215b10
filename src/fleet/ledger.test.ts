import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { Fleet } from './fleet.js';

const T0 = 1_750_000_000_000;
const HOUR = 3_600_000;
/** Readings that a simulated sensor keeps. */
const RING = 40;

/** Numbers from 0 to 1 that a seed draws. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A sensor as `wasm/sdk` makes it, in time that the test sets. */
class Sensor {
  /** The start of each run, and all that each has taken. */
  readonly runs: { taken: number; came: Set<number> }[] = [];
  linked = true;
  /** How far its clock is ahead, in milliseconds. */
  ahead = 0;
  /** When a newer submission came, and what this one had taken by then: what it takes after that is no data. */
  superseded: { at: number; taken: number } | undefined;
  hasExited = false;
  #kept: Reading[] = [];
  #dropped = 0;
  #began = 0;
  #due: number;

  constructor(
    readonly fleet: Fleet,
    readonly id: string,
    readonly submitted: number,
    readonly intervalMs: number,
    readonly host: string,
    now: number,
  ) {
    this.#due = now;
    this.runs.push({ taken: 0, came: new Set() });
  }

  get run() {
    return this.runs.at(-1)!;
  }

  /** What was taken and is neither stored nor kept any more. */
  missing(isOver: boolean): number {
    const kept = isOver ? 0 : this.#kept.length;
    const taken = this.runs.reduce((sum, run) => sum + run.taken, 0) - this.run.taken;
    const came = this.runs.reduce((sum, run) => sum + run.came.size, 0);
    return taken + (this.superseded?.taken ?? this.run.taken) - came - kept;
  }

  /** Its node starts again: it counts from 1. */
  restart(now: number): void {
    this.runs.push({ taken: 0, came: new Set() });
    this.#kept = [];
    this.#dropped = 0;
    this.#due = now;
  }

  supersede(now: number): void {
    this.pass(now);
    this.superseded = { at: now, taken: this.run.taken };
  }

  pass(now: number): void {
    if (this.hasExited) return;
    for (; this.#due <= now; this.#due += this.intervalMs) {
      if (this.#kept.length === RING) {
        this.#kept.shift();
        this.#dropped++;
      }
      const at = this.#due + this.ahead;
      if (this.run.taken === 0) this.#began = at;
      this.#kept.push(this.#reading(++this.run.taken, at));
    }
    while (this.linked && this.#kept.length > 0) {
      const counts =
        this.#kept.length > 1 || this.#dropped > 0
          ? { counts: { taken: this.run.taken, dropped: this.#dropped, began: this.#began } }
          : {};
      const reading = this.#kept.shift()!;
      if (Date.parse(reading.timestamp) > (this.superseded?.at ?? Number.POSITIVE_INFINITY)) {
        this.hasExited = true;
        return;
      }
      const config = { version: 0, sources: {} as ReportedConfig['sources'], file: 'none' as const, paused: false };
      this.fleet.record(reading, { ...config, intervalMs: this.intervalMs, ...counts }, now);
      this.run.came.add(reading.sequence);
    }
  }

  #reading(sequence: number, at: number): Reading {
    return {
      job_id: 'j',
      execution_id: this.id,
      icon_name: '🚀',
      timestamp: new Date(at).toISOString(),
      color: '#ff5733',
      sequence,
      region: 'eu',
      job_submission_time: this.submitted,
      hostname: this.host,
    };
  }
}

const accountOf = (fleet: Fleet, id: string, now: number) => fleet.view(now).find((one) => one.execution_id === id)!;

// Finds a count that forgets a case: the end of a sequence, a run before a restart, a full memory, or a late arrival.
test.each(Array.from({ length: 60 }, (_, i) => [i + 1]))(
  'no more is missing than the ledger says, with faults that seed %i draws',
  (seed) => {
    const random = drawn(seed * 7919);
    const fleet = new Fleet();
    const hosts = ['a', 'b', 'c'];
    const running = new Map<string, Sensor>();
    const ended: Sensor[] = [];
    let now = T0;
    const submit = (host: string) => {
      const before = running.get(host);
      if (before) {
        before.supersede(now);
        // Some go on until they have delivered what they keep; some are killed.
        before.hasExited = random() < 0.5;
        ended.push(before);
      }
      const interval = [500, 1000, 5000][Math.floor(random() * 3)]!;
      running.set(host, new Sensor(fleet, `${host}-${now}`, now, interval, host, now));
    };
    for (const host of hosts) submit(host);
    for (let step = 0; step < 400; step++) {
      now += 500;
      for (const sensor of [...ended, ...running.values()]) sensor.pass(now);
      const host = hosts[Math.floor(random() * hosts.length)]!;
      const sensor = running.get(host)!;
      const chance = random();
      const ofHost = [...ended.filter((one) => one.host === host), sensor];
      if (chance < 0.02) for (const one of ofHost) one.linked = false;
      else if (chance < 0.06) for (const one of ofHost) one.linked = true;
      else if (chance < 0.07 && sensor.run.came.size > 1) sensor.restart(now + 1);
      else if (chance < 0.08 && sensor.run.came.size > 1) submit(host);
    }
    for (const sensor of [...ended, ...running.values()]) sensor.linked = true;
    for (let step = 0; step < 20; step++) {
      now += 500;
      for (const sensor of [...ended, ...running.values()]) sensor.pass(now);
    }
    for (const [sensors, isOver] of [
      [ended, true],
      [[...running.values()], false],
    ] as const) {
      for (const sensor of sensors) {
        const { gaps, waiting, unaccounted, state } = accountOf(fleet, sensor.id, now + 6000);
        const said = gaps + unaccounted + (isOver ? 0 : waiting);
        const missing = sensor.missing(isOver);
        expect({ id: sensor.id, state, missing, isCovered: missing <= said }).toMatchObject({ isCovered: true });
        if (isOver) expect([sensor.id, waiting, said]).toEqual([sensor.id, 0, missing]);
      }
    }
    const totals = [...fleet.view(now)].reduce((sum, one) => sum + one.unaccounted, 0);
    expect(fleet.summary(now).total.unaccounted).toBe(totals);
  },
);

// Finds a count that goes until the newest version: what a relay has of the others comes after that.
test('two newer versions come while a region is cut off, and the newest delivers first: nothing is unaccounted', () => {
  const fleet = new Fleet();
  let now = T0;
  const sensors = [new Sensor(fleet, 'v1', now, 1000, 'a', now)];
  const pass = (seconds: number) => {
    for (const end = now + 1000 * seconds; now < end; now += 500) for (const sensor of sensors) sensor.pass(now);
  };
  pass(5.2);
  for (const id of ['v2', 'v3']) {
    for (const sensor of sensors) sensor.linked = false;
    pass(10);
    sensors.at(-1)?.supersede(now);
    sensors.push(new Sensor(fleet, id, now, 1000, 'a', now));
  }
  for (const sensor of sensors.toReversed()) {
    sensor.linked = true;
    sensor.pass(now);
  }
  const accounts = sensors.slice(0, 2).map(({ id }) => accountOf(fleet, id, now + 6000));
  expect(accounts.map(({ unaccounted, waiting, gaps }) => [unaccounted, waiting, gaps])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

// Finds a count that goes by a clock that was wrong: an hour of readings that nobody took, or too few.
test.each(Array.from({ length: 60 }, (_, i) => [i + 1]))(
  'the clocks of sensors are set ahead and right again, as seed %i draws, and the ledger is right',
  (seed) => {
    const random = drawn(seed * 104_729);
    const fleet = new Fleet();
    const sensor = new Sensor(fleet, 'e', T0, 1000, 'a', T0);
    let now = T0;
    /** The number may be higher by one for each that a fault could have cost. */
    let faults = 0;
    const pass = (seconds: number) => {
      for (const end = now + 1000 * seconds; now < end; now += 500) sensor.pass(now);
    };
    const setClock = () => {
      if (random() < 0.5) return;
      sensor.ahead = sensor.ahead > 0 ? 0 : HOUR;
      faults++;
    };
    const check = () => {
      const { gaps, waiting, unaccounted } = accountOf(fleet, 'e', now);
      const said = gaps + waiting + unaccounted;
      const missing = sensor.missing(true);
      expect({ said, missing, faults, isMet: said >= missing && said <= missing + faults }).toMatchObject({
        isMet: true,
      });
    };
    for (let round = 0; round < 20; round++) {
      pass(10 * random());
      setClock();
      pass(10 * random());
      sensor.linked = false;
      faults++;
      pass(20 * random());
      setClock();
      pass(6 + 10 * random());
      check();
      setClock();
      if (random() < 0.5) sensor.restart(now + 1);
      setClock();
      sensor.linked = true;
      pass(10);
      check();
    }
  },
);

test('a sensor whose clock was set back has not restarted', () => {
  const fleet = new Fleet();
  const sensor = new Sensor(fleet, 'e', T0, 1000, 'a', T0);
  sensor.ahead = HOUR;
  sensor.pass(T0 + 2000);
  sensor.ahead = 0;
  sensor.linked = false;
  sensor.pass(T0 + 6000);
  sensor.linked = true;
  sensor.pass(T0 + 9000);
  expect(accountOf(fleet, 'e', T0 + 9000)).toMatchObject({ restarts: 0, unaccounted: 0, sequence: 10 });
});

/** A sensor with an interval of 1 s that was heard for 10 s, then cut off. */
function cutSensor(fleet: Fleet): Sensor {
  const sensor = new Sensor(fleet, 'e', T0, 1000, 'a', T0);
  sensor.pass(T0 + 10_000);
  sensor.linked = false;
  return sensor;
}

test('what a silent sensor may keep is waiting; when it is gone, or was stopped, it is unaccounted', () => {
  const fleet = new Fleet();
  cutSensor(fleet);
  expect(accountOf(fleet, 'e', T0 + 12_000)).toMatchObject({ state: 'live', waiting: 0, unaccounted: 0 });
  expect(accountOf(fleet, 'e', T0 + 70_000)).toMatchObject({ state: 'silent', waiting: 60, unaccounted: 0 });
  expect(accountOf(fleet, 'e', T0 + 710_000)).toMatchObject({ state: 'gone', waiting: 0, unaccounted: 700 });
  fleet.markJobsStopped(['j'], T0 + 30_000);
  fleet.markJobsStopped(['j'], T0 + 33_000);
  expect(accountOf(fleet, 'e', T0 + 710_000)).toMatchObject({ state: 'gone', waiting: 0, unaccounted: 20 });
});

test('a sensor that is stopped while it sends has nothing that is unaccounted', () => {
  const fleet = new Fleet();
  new Sensor(fleet, 'e', T0, 1000, 'a', T0).pass(T0 + 10_000);
  fleet.markJobsStopped(['j'], T0 + 10_500);
  fleet.markJobsStopped(['j'], T0 + 13_000);
  expect(accountOf(fleet, 'e', T0 + 60_000)).toMatchObject({ state: 'gone', unaccounted: 0 });
});

test('a sensor that was stopped has taken nothing since, also when another one comes hours later', () => {
  const fleet = new Fleet();
  new Sensor(fleet, 'e', T0, 1000, 'a', T0).pass(T0 + 10_000);
  fleet.markSensorsStopped(T0, T0 + 70_000, T0 + 10_500);
  const later = T0 + 7_200_000;
  new Sensor(fleet, 'new', later, 1000, 'a', later).pass(later + 5000);
  expect(accountOf(fleet, 'e', later + 6000)).toMatchObject({ state: 'replaced', unaccounted: 0 });
  // One that was stopped while it was cut off has taken what it took before that.
  const cut = new Fleet();
  cutSensor(cut);
  cut.markJobsStopped(['j'], T0 + 30_000);
  new Sensor(cut, 'new', later, 1000, 'a', later).pass(later + 5000);
  expect(accountOf(cut, 'e', later + 6000)).toMatchObject({ state: 'replaced', unaccounted: 20 });
});

// Finds a bound that begins to grow again: of a job that has run before, its sensors of then are told, too.
test('a sensor that was stopped stays so when its job is stopped once more, much later', () => {
  const fleet = new Fleet();
  new Sensor(fleet, 'e', T0, 1000, 'a', T0).pass(T0 + 10_000);
  fleet.markJobsStopped(['j'], T0 + 10_500);
  new Sensor(fleet, 'new', T0 + 300_000, 1000, 'a', T0 + 300_000).pass(T0 + 310_000);
  fleet.markJobsStopped(['j'], T0 + 310_500);
  for (const id of ['e', 'new']) expect(accountOf(fleet, id, T0 + 320_000)).toMatchObject({ unaccounted: 0 });
});

// Finds executions that began and were stopped behind a relay that was away: their readings come after the stop.
test('a sensor that is first heard after its job was stopped has taken nothing since, also after a restart of the puller', () => {
  const before = new Fleet();
  const old = cutSensor(before);
  old.supersede(T0 + 14_000);
  const cut = new Sensor(before, 'cut', T0 + 14_000, 1000, 'a', T0 + 14_000);
  cut.linked = false;
  cut.pass(T0 + 22_000);
  before.markJobsStopped(['other', 'j'], T0 + 22_500);
  before.markJobsStopped(['j'], T0 + 25_000);
  const fleet = new Fleet();
  fleet.load(JSON.parse(JSON.stringify(before.dump())));
  Object.assign(cut, { fleet, linked: true });
  cut.pass(T0 + 22_001);
  // Its readings come late.
  for (const at of [22_002, 60_000, 500_000]) {
    expect(accountOf(fleet, 'cut', T0 + at)).toMatchObject({ state: 'gone', waiting: 0, unaccounted: 0, gaps: 0 });
  }
  // One of a later submission of the job runs.
  const next = new Sensor(fleet, 'next', T0 + 60_000, 1000, 'a', T0 + 60_000);
  next.pass(T0 + 70_000);
  next.linked = false;
  expect(accountOf(fleet, 'next', T0 + 80_000)).toMatchObject({ state: 'silent', waiting: 10 });
  expect(accountOf(fleet, 'cut', T0 + 80_000)).toMatchObject({ state: 'replaced', unaccounted: 0 });
});

test('late readings of a sensor that was replaced lower what is unaccounted, and its account outlives the puller', () => {
  const before = new Fleet();
  const old = cutSensor(before);
  old.pass(T0 + 35_000);
  new Sensor(before, 'new', T0 + 35_500, 1000, 'a', T0 + 35_500).pass(T0 + 36_000);
  expect(accountOf(before, 'e', T0 + 40_000)).toMatchObject({ state: 'replaced', waiting: 0, unaccounted: 25 });
  const after = new Fleet();
  after.load(JSON.parse(JSON.stringify(before.dump())));
  expect(accountOf(after, 'e', T0 + 50_000)).toMatchObject({ state: 'replaced', unaccounted: 25 });
  Object.assign(old, { fleet: after, linked: true });
  old.pass(T0 + 35_001);
  expect(accountOf(after, 'e', T0 + 60_000)).toMatchObject({ unaccounted: 0, gaps: 0, received: 36 });
});

test('a sensor that is forgotten leaves its account to its region', () => {
  const fleet = new Fleet();
  cutSensor(fleet);
  new Sensor(fleet, 'new', T0 + 35_500, 1000, 'a', T0 + 35_500).pass(T0 + 700_000);
  fleet.prune(T0 + 700_000);
  expect(fleet.view(T0 + 700_000).map(({ execution_id: id }) => id)).toEqual(['new']);
  expect(fleet.summary(T0 + 700_000).total.unaccounted).toBe(25);
});

test('a clock that is set back during a cut hides nothing', () => {
  const fleet = new Fleet();
  cutSensor(fleet);
  fleet.shiftTimes(-3_600_000);
  const later = T0 + 40_000 - 3_600_000;
  // A submission is newer than all before it, whatever the clock shows.
  new Sensor(fleet, 'new', T0 + 1, 1000, 'a', later).pass(later + 2000);
  const { state, unaccounted } = accountOf(fleet, 'e', later + 3000);
  expect([state, unaccounted >= 30]).toEqual(['replaced', true]);
});

test('a node that was away while its job was stopped runs it again: nobody waits for what it takes then', () => {
  const fleet = new Fleet();
  const sensor = cutSensor(fleet);
  fleet.markJobsStopped(['j'], T0 + 30_000);
  sensor.restart(T0 + 100_000);
  sensor.linked = true;
  sensor.pass(T0 + 103_000);
  expect(accountOf(fleet, 'e', T0 + 103_000)).toMatchObject({ state: 'live', restarts: 1, unaccounted: 20 });
  // It was cancelled then.
  expect(accountOf(fleet, 'e', T0 + 120_000)).toMatchObject({ state: 'gone', waiting: 0, unaccounted: 20 });
});

test('a sensor that goes on with its network is waited for like any other', () => {
  const fleet = new Fleet();
  const sensor = cutSensor(fleet);
  sensor.linked = true;
  fleet.markSensorsStopped(T0, T0 + 15_000, T0 + 12_000);
  sensor.restart(T0 + 60_000);
  sensor.pass(T0 + 70_000);
  sensor.linked = false;
  expect(accountOf(fleet, 'e', T0 + 80_000)).toMatchObject({ state: 'silent', waiting: 10, unaccounted: 2 });
});

test('what a sender makes up has an end', () => {
  const fleet = new Fleet();
  const reading = { execution_id: 'e', hostname: 'h', region: 'eu', job_id: 'j', icon_name: '', color: '' };
  const config = { version: 0, sources: {} as ReportedConfig['sources'], file: 'none' as const, paused: false };
  const counts = { taken: 4_000_000_000, dropped: 4_000_000_000, began: 0 };
  const send = (sequence: number, at: number, timestamp: string, more: Partial<ReportedConfig> = {}) =>
    fleet.record(
      { ...reading, job_submission_time: 0, sequence, timestamp },
      { ...config, intervalMs: 0, ...more },
      at,
    );
  send(1, T0, '0001-01-01T00:00:00.000Z');
  send(2, T0, '0001-01-01T00:00:00.001Z');
  // A restart after two thousand years, of which one second has passed here.
  send(1, T0 + 1000, new Date(T0).toISOString());
  expect(accountOf(fleet, 'e', T0 + 30_000)).toMatchObject({ waiting: 581, unaccounted: 20 });
  // As many as no sensor keeps.
  send(2, T0 + 1001, new Date(T0 + 1000).toISOString(), { counts });
  expect(accountOf(fleet, 'e', T0 + 1001)).toMatchObject({ waiting: 65_536, dropped: 1, unaccounted: 20 });
});

test('a module that reports no interval may have taken nothing', () => {
  const fleet = new Fleet();
  const { reading } = { reading: { sequence: 3, execution_id: 'f', hostname: 'f-1', region: 'eu', job_id: 'j' } };
  const rest = { icon_name: '', color: '', job_submission_time: 0, timestamp: new Date(T0).toISOString() };
  fleet.record({ ...reading, ...rest }, undefined, T0);
  expect(accountOf(fleet, 'f', T0 + 700_000)).toMatchObject({ state: 'gone', gaps: 2, unaccounted: 0 });
});
