/**
 * `npm run bench -- fleet`: a whole fleet through sensor → proxy → queue → puller → store, as `up` runs it, and what was
 * lost on the way. Options: `--sensors 10000 --interval 2 --seconds 60`. `npm run bench -- scale --store postgres://…` measures a file
 * and then that database, with `--shards 4 --pullers 2` for the latter.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { selfCommand } from '../lib/process/self-command.js';
import { FleetClient } from '../puller/fleet-client.js';
import { readRunState } from '../runtime/run-state.js';
import { freePortFlags, runCli } from './bench-cli.js';
import { serverOf, withChildren } from './database-usage.js';
import { inOwnFolder } from './own-folder.js';
import { plainTable } from './plain-table.js';
import { machineUsage, usages } from './usage.js';

export interface FleetBenchOptions {
  sensors: number;
  /** Seconds. */
  interval: number;
  seconds: number;
  /** URL of a PostgreSQL database on this machine; undefined: a file. */
  store?: string | undefined;
  shards?: number;
  /** Of the same store, the one of `up` among them. */
  pullers?: number;
}

export async function run(options: FleetBenchOptions): Promise<void> {
  const { sensors, interval, seconds, store, shards = 1, pullers = 1 } = options;
  const perRegion = Math.ceil(sensors / 3);
  const where = store === undefined ? 'SQLite' : `PostgreSQL, ${shards} shards, ${pullers} pullers`;
  console.log(
    `fleet (${where}): ${perRegion * 3} sensors, one reading every ${interval} s each = ${Math.round((perRegion * 3) / interval)} readings/s, for ${seconds} s`,
  );
  const env = store === undefined ? {} : { WASM_SENSORS_STORE: store };
  const divided = store === undefined ? [] : ['--shards', String(shards)];
  await inOwnFolder(async (dir) => {
    const ports = await freePortFlags();
    await runCli(
      dir,
      [
        'up',
        '-d',
        '--deploy',
        '--nodes',
        String(perRegion),
        '--interval',
        String(interval),
        '--timeout',
        '120',
        ...divided,
        ...ports,
      ],
      env,
    );
    const state = readRunState(join(dir, '.wasm-sensors'))!;
    const { queue, puller } = state.endpoints;
    const fleet = new FleetClient(puller);
    const endpoint = ['--queue', `${queue}/000000000000/wasm-sensors`, '--queue-endpoint', queue!, '--queue-unsigned'];
    const others = Array.from({ length: pullers - 1 }, (_, n) => {
      const { command, args } = selfCommand([
        'puller',
        'serve',
        '--port',
        '0',
        '--sinks',
        'store,alert',
        ...endpoint,
        ...divided,
      ]);
      const child = execa(command, args, { cwd: dir, env, stdio: 'ignore', reject: false });
      return { name: `puller ${n + 2}`, pid: child.pid!, child };
    });
    // The sensors' start leaves a backlog, and cold code, that a running fleet doesn't have.
    await sleep(8000);
    const processes = [state.up, ...state.children, ...others];
    const database = store === undefined ? undefined : await serverOf(store);
    const serverBefore = database === undefined ? 0 : withChildren(database);
    const before = usages(processes);
    const first = await fleet.summary();
    const machineBefore = machineUsage();
    const began = Date.now();
    const depths: number[] = [];
    for (let i = 0; i < seconds; i += 5) {
      await sleep(Math.min(5, seconds - i) * 1000);
      const { depth } = await fleet.stats();
      depths.push(depth ? depth.visible + depth.inFlight : Number.NaN);
    }
    const elapsed = (Date.now() - began) / 1000;
    const last = await fleet.summary();
    const after = usages(processes);
    const machine = machineUsage() - machineBefore;
    const serverCpu = database === undefined ? 0 : withChildren(database) - serverBefore;
    const readings = last.total.received - first.total.received;
    await runCli(dir, ['stop', 'publisher']);
    await sleep(6000);
    const { summary, sensors: views } = await fleet.snapshot();
    for (const { child } of others) child.kill();
    const missing = views.reduce((sum, sensor) => sum + sensor.sequence - sensor.received, 0);
    const rows = processes.map(({ name }) => {
      const cpu = after.get(name)!.cpu - before.get(name)!.cpu;
      return { name, cpu, memory: `${after.get(name)!.memory.toFixed(0)} MB` };
    });
    if (database !== undefined) rows.push({ name: 'PostgreSQL', cpu: serverCpu, memory: '' });
    const all = rows.reduce((sum, { cpu }) => sum + cpu, 0);
    rows.push(
      { name: 'all', cpu: all, memory: '' },
      { name: 'others on this machine', cpu: machine - all, memory: '' },
    );
    console.log(
      plainTable(
        [
          ['process', 'CPU of one core', 'CPU a reading', 'memory'],
          ...rows.map(({ name, cpu, memory }) => [
            name,
            `${((100 * cpu) / elapsed).toFixed(0)} %`,
            `${((1e6 * cpu) / readings).toFixed(0)} µs`,
            memory,
          ]),
        ],
        [1, 2, 3],
      ),
    );
    const rate = readings / elapsed;
    console.log(
      `readings/s through to the store: ${rate.toFixed(0)} (${((100 * rate * interval) / (perRegion * 3)).toFixed(1)} % of what the sensors take)`,
    );
    console.log(`queue depth every 5 s: ${depths.join(' ')}`);
    console.log(
      `received ${summary.total.received}, lost ${missing}, gaps ${summary.total.gaps}, duplicates ${summary.total.duplicates}, late ${summary.total.late}`,
    );
    if (missing > 0 || summary.total.gaps > 0) process.exitCode = 1;
  });
}
