/**
 * `npm run bench -- history`: what roll-ups cost the store in CPU and disk, and how long `GET /history` takes. The store
 * gets the readings of a fleet as fast as it takes them, without and with roll-ups in one run, and the roll-ups are compared
 * with SQL over the readings. Then it is filled with the roll-ups of a day, and asked.
 * Options: `--sensors 10000 --interval 2 --seconds 60`; `--hours 24`: of the roll-ups that are asked; 0 = none;
 * `--store postgres://…`: an empty database, which is asked instead of a file.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { historyRoutes } from '../puller/history-routes.js';
import { HOUR_MS, MINUTE_MS } from '../store/history.js';
import { Database } from '../store/postgres/database.js';
import { SharedPostgres } from '../store/postgres/shared-postgres.js';
import { SqliteStore } from '../store/sqlite/sqlite-store.js';
import type { StoreEntry } from '../store/store.js';
import { plainTable } from './plain-table.js';

export interface HistoryBenchOptions {
  sensors: number;
  /** Seconds. */
  interval: number;
  /** Of the time in which the readings are taken, not of the run. */
  seconds: number;
  hours: number;
  store?: string | undefined;
}

const REGIONS = ['us', 'eu', 'as'];
const VALUES = 3;
/** Of the roll-ups that are asked. */
const ASKED = ['readings.lateness', 'temperature'];
/** What the puller stores at a time under load. */
const GROUP = 100;
const START = Math.floor(1_750_000_000_000 / HOUR_MS) * HOUR_MS;

export async function run(options: HistoryBenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-sensors-bench-'));
  try {
    const readings = Math.round((options.sensors * options.seconds) / options.interval);
    console.log(
      `history: ${options.sensors} sensors, one reading of ${VALUES} values every ${options.interval} s each, for ${options.seconds} s = ${readings} readings`,
    );
    const [without, with_] = fill(folder, options, readings);
    console.log(
      plainTable(
        [
          ['store', 'CPU a reading', 'bytes a reading', 'longest piece of work'],
          ...[
            { name: 'without roll-ups', ...without },
            { name: 'with roll-ups', ...with_ },
          ].map(({ name, cpuUs, bytes, longestUs }) => [
            name,
            `${(cpuUs / readings).toFixed(1)} µs`,
            (bytes / readings).toFixed(0),
            `${(longestUs / 1000).toFixed(0)} ms of CPU`,
          ]),
        ],
        [1, 2, 3],
      ),
    );
    console.log(
      `roll-ups: ${with_.rows} rows; ${with_.differences} of those by minute differ from SQL over the readings`,
    );
    if (with_.differences > 0) process.exitCode = 1;
    if (options.hours > 0) await ask(options.store ?? join(folder, 'asked.db'), options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hostOf = (i: number) => `edge-${REGIONS[i % 3]}-${Math.floor(i / 3)}`;

function delivery(i: number, { sensors, interval }: HistoryBenchOptions): StoreEntry {
  const sensor = i % sensors;
  const taken = START + Math.floor((i * interval * 1000) / sensors);
  // Numbers whose sums are exact, in whatever order.
  const values = { temperature: 4 + (i % 97) / 4, humidity: 40 + (i % 31) / 2, battery: 100 - (i % 13) };
  const reading = {
    ...{ job_id: 'j-00000000-0000-0000-0000-000000000000', execution_id: `e-00000000-0000-0000-0000-${sensor}` },
    ...{ icon_name: '🚀', timestamp: new Date(taken).toISOString(), color: '#00ff88', region: REGIONS[sensor % 3]! },
    ...{ sequence: 1 + Math.floor(i / sensors), job_submission_time: START, hostname: hostOf(sensor), values },
  };
  return { id: `${i}`, body: '', reading, config: undefined, receivedAt: taken + 40 + (i % 50) };
}

interface Filled {
  cpuUs: number;
  longestUs: number;
  bytes: number;
  rows: number;
  differences: number;
}

/** A store with roll-ups, or without. */
class FilledStore {
  readonly #path: string;
  readonly #store: SqliteStore;
  readonly #rollsUp: boolean;
  #cpuUs = 0;
  #longestUs = 0;
  #nextWork = 0;

  constructor(path: string, rollsUp: boolean) {
    this.#path = path;
    this.#store = new SqliteStore(path);
    this.#rollsUp = rollsUp;
  }

  accept(group: StoreEntry[]): void {
    this.#measured(() => this.#store.append(group));
    const now = group.at(-1)!.receivedAt;
    if (!this.#rollsUp || now < this.#nextWork) return;
    const isBusy = this.#measured(() => this.#store.rollUp(now));
    this.#nextWork = now + (isBusy ? 40 : 1_000);
  }

  finish(): Filled {
    const [store, rollsUp] = [this.#store, this.#rollsUp];
    for (let now = this.#nextWork; rollsUp && store.notRolledUp > 0; now += MINUTE_MS) {
      this.#measured(() => store.rollUp(now));
    }
    const rows = rollsUp ? count(store, 'sensor_minute_rows') + count(store, 'sensor_hour_rows') : 0;
    const differences = rollsUp ? differencesIn(store) : 0;
    store.database.exec('pragma wal_checkpoint(truncate)');
    const bytes = statSync(this.#path).size;
    store.close();
    return { cpuUs: this.#cpuUs, longestUs: this.#longestUs, bytes, rows, differences };
  }

  /** The event loop waits for a group that is stored, and for a piece of work on the roll-ups. */
  #measured<T>(work: () => T): T {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    this.#cpuUs += user + system;
    this.#longestUs = Math.max(this.#longestUs, user + system);
    return result;
  }
}

/** Both stores get each group, so that a change of the machine's speed meets them alike. */
function fill(folder: string, options: HistoryBenchOptions, readings: number): [Filled, Filled] {
  const stores = [new FilledStore(join(folder, 'without.db'), false), new FilledStore(join(folder, 'with.db'), true)];
  for (let i = 0; i < readings; i += GROUP) {
    const group = Array.from({ length: Math.min(GROUP, readings - i) }, (_, j) => delivery(i + j, options));
    for (const store of stores) store.accept(group);
  }
  return stores.map((store) => store.finish()) as [Filled, Filled];
}

const count = (store: SqliteStore, from: string) =>
  (store.database.prepare(`select count(*) as n from ${from}`).get() as { n: number }).n;

/** Rows by minute that are not what SQL makes of the readings, and the other way round. */
function differencesIn(store: SqliteStore): number {
  const statistics = 'count(*), min(value), max(value), sum(value)';
  const rolledUp = 'select minute, metric, region, hostname, count, min, max, sum from sensor_minutes';
  const raw = `with numbers as (
      select unixepoch(timestamp) / 60 * 60000 as minute, hostname, region, key as metric, value
      from readings, json_each(measured_values)
      union all
      select unixepoch(timestamp) / 60 * 60000, hostname, region, 'readings.lateness',
        received_at - cast(round((julianday(timestamp) - 2440587.5) * 86400000) as integer)
      from readings
    ) select minute, metric, region, hostname, ${statistics} from numbers group by 1, 2, 3, 4`;
  return (
    count(store, `(${rolledUp} except select * from (${raw}))`) +
    count(store, `(select * from (${raw}) except ${rolledUp})`)
  );
}

async function ask(location: string, { sensors, hours, store: database }: HistoryBenchOptions): Promise<void> {
  const began = performance.now();
  const bytes = database ? await makeRollUpsIn(database, sensors, hours) : makeRollUps(location, sensors, hours);
  const store = database ? await SharedPostgres.open(location, 1) : new SqliteStore(location);
  const made = sensors * ASKED.length * hours * 61;
  console.log(
    `asked: ${hours} h of ${sensors} sensors and ${ASKED.length} metrics, ${made} rows of ${(bytes / made).toFixed(0)} bytes, ${(bytes / 2 ** 30).toFixed(1)} GiB, made in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  const to = START + hours * HOUR_MS;
  const app = historyRoutes(store, () => to);
  const host = hostOf(4711 % sensors);
  const questions: [string, Record<string, string>][] = [
    ['all regions', {}],
    ['one region', { region: 'eu' }],
    ['one host', { host }],
    ['rates of all regions, by minute', { metric: 'readings.rate', step: `${MINUTE_MS}` }],
    ['one host, by minute', { host, step: `${MINUTE_MS}` }],
    ['all regions, by hour', { step: `${HOUR_MS}` }],
  ];
  const rows: string[][] = [['GET /history', 'first', 'median of 9', 'longest pause', 'points']];
  for (const [name, parameters] of questions) {
    const query = new URLSearchParams({ metric: 'temperature', from: `${START}`, to: `${to}`, ...parameters });
    const times: number[] = [];
    let points = 0;
    let pause = 0;
    for (let i = 0; i < 10; i++) {
      const watch = watchPauses();
      const begins = performance.now();
      const answer = await app.request(`/history?${query}`);
      const { series } = (await answer.json()) as { series: { points: unknown[] }[] };
      times.push(performance.now() - begins);
      points = series.reduce((sum, one) => sum + one.points.length, 0);
      pause = Math.max(pause, await watch.end());
    }
    const [first] = times;
    const median = times.slice(1).sort((a, b) => a - b)[4]!;
    rows.push([name, `${first!.toFixed(0)} ms`, `${median.toFixed(1)} ms`, `${pause.toFixed(0)} ms`, `${points}`]);
  }
  console.log(plainTable(rows, [1, 2, 3, 4]));
  await store.close();
}

/** The longest time between two turns of the event loop. */
function watchPauses() {
  let longest = 0;
  let isOver = false;
  const watching = (async () => {
    for (let last = performance.now(); !isOver; ) {
      await nextTurn();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  })();
  return {
    async end(): Promise<number> {
      isOver = true;
      await watching;
      return longest;
    },
  };
}

/** Of each row of the roll-ups. */
const STATISTICS = '30, 1.5, 20.25, 325.5';
const LEVELS = [
  ['minute', 'region_minutes', MINUTE_MS],
  ['hour', 'region_hours', HOUR_MS],
] as const;

/** What a day of a fleet leaves in the tables, made by SQL. Returns their bytes. */
function makeRollUps(path: string, sensors: number, hours: number): number {
  const store = new SqliteStore(path);
  const { database } = store;
  database.exec('pragma journal_mode = memory; pragma synchronous = off; begin');
  const series = database.prepare('insert into sensor_series (hostname, metric, region) values (?, ?, ?)');
  for (let i = 0; i < sensors; i++) {
    const region = REGIONS[i % 3]!;
    for (const metric of ASKED) series.run(hostOf(i), metric, region);
  }
  for (const [start, regions, length] of LEVELS) {
    const sensorRows = database.prepare(
      `insert into sensor_${start}_rows select ?, id, ${STATISTICS} from sensor_series order by id`,
    );
    const regionRows = database.prepare(
      `insert into ${regions} select distinct ?, metric, region, ${STATISTICS} from sensor_series`,
    );
    const period = database.prepare('insert into roll_up_periods values (?, ?, 0)');
    for (let at = START; at < START + hours * HOUR_MS; at += length) {
      sensorRows.run(at);
      regionRows.run(at);
      period.run(length, at);
      if (length === MINUTE_MS && at % HOUR_MS === 0) database.exec('commit; begin');
    }
  }
  database.exec('commit; pragma journal_mode = wal; pragma synchronous = full');
  store.close();
  return statSync(path).size;
}

/** The same in an empty database. */
async function makeRollUpsIn(location: string, sensors: number, hours: number): Promise<number> {
  // Makes the tables.
  await (await SharedPostgres.open(location, 1)).close();
  const database = new Database(location, 'wasm-sensors bench');
  const { run } = database;
  const hosts = Array.from({ length: sensors }, (_, i) => hostOf(i));
  const regions = hosts.map((_, i) => REGIONS[i % 3]);
  await run(
    `insert into sensor_series (hostname, metric, region)
     select hostname, metric, region from unnest($1::text[], $2::text[]) as hosts (hostname, region), unnest($3::text[]) as metric`,
    [hosts, regions, ASKED],
  );
  for (const [start, regionRows, length] of LEVELS) {
    await run(
      `insert into ${regionRows} select at, metric, region, ${STATISTICS}
       from generate_series($1::bigint, $2, $3) as at, (select distinct metric, region from sensor_series) as series`,
      [START, START + hours * HOUR_MS - length, length],
    );
    for (let hour = START; hour < START + hours * HOUR_MS; hour += HOUR_MS) {
      await run(
        `insert into sensor_${start}_rows select at, id, ${STATISTICS} from generate_series($1::bigint, $2, $3) as at, sensor_series`,
        [hour, hour + HOUR_MS - length, length],
      );
    }
  }
  await run('analyze');
  const [size] = await run<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
  await database.close();
  return size!.bytes;
}
