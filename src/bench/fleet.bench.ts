/**
 * `npm run bench -- fleet`: a whole fleet through sensor → proxy → queue → puller → store, as `up` runs it, and what was
 * lost on the way. Options: `--sensors 10000 --interval 2 --seconds 60`. `npm run bench -- scale --store postgres://…` measures a file
 * and then that database, with `--shards 4 --pullers 2` for the latter; `--proxies 3` (one for each region), `--no-pack` for both.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../lib/net/choose-port.js';
import { waitForHttp } from '../lib/net/http-client.js';
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
  /** For the regions in turn, beside that of `up`; 0: that of `up`, which packs. */
  proxies?: number;
  pack?: boolean;
}

const REGIONS = ['us', 'eu', 'as'];

export async function run(options: FleetBenchOptions): Promise<void> {
  const { sensors, interval, seconds, store, shards = 1, pullers = 1, proxies = 0, pack = true } = options;
  const perRegion = Math.ceil(sensors / REGIONS.length);
  const where = store === undefined ? 'SQLite' : `PostgreSQL, ${shards} shards, ${pullers} pullers`;
  console.log(
    `fleet (${where}, ${proxies || 1} proxies, ${pack ? 'packed' : 'not packed'}): ${perRegion * 3} sensors, one reading every ${interval} s each = ${Math.round((perRegion * 3) / interval)} readings/s, for ${seconds} s`,
  );
  const env = store === undefined ? {} : { WASM_SENSORS_STORE: store };
  const divided = store === undefined ? [] : ['--shards', String(shards)];
  await inOwnFolder(async (dir) => {
    const ports = await freePortFlags();
    const sending = ['--interval', String(interval), '--timeout', '120'];
    const deploy = proxies === 0 ? ['--deploy', ...sending] : [];
    await runCli(dir, ['up', '-d', '--nodes', String(perRegion), ...deploy, ...divided, ...ports], env);
    const state = readRunState(join(dir, '.wasm-sensors'))!;
    const { queue, puller } = state.endpoints;
    const fleet = new FleetClient(puller);
    const endpoint = ['--queue', `${queue}/000000000000/wasm-sensors`, '--queue-endpoint', queue!, '--queue-unsigned'];
    const serve = async (name: string, words: string[]) => {
      const port = await freePort();
      const { command, args } = selfCommand([...words, '--port', String(port), ...endpoint, ...divided]);
      const child = execa(command, args, { cwd: dir, env, stdio: 'ignore', reject: false });
      const url = `http://127.0.0.1:${port}`;
      await waitForHttp(`${url}/health`, AbortSignal.timeout(20_000));
      return { name, pid: child.pid!, child, url };
    };
    const others: Awaited<ReturnType<typeof serve>>[] = [];
    for (let n = 2; n <= pullers; n++) {
      others.push(await serve(`puller ${n}`, ['puller', 'serve', '--sinks', 'store,alert']));
    }
    for (let n = 0; n < proxies; n++) {
      const words = ['proxy', 'serve', '--state-dir', join(dir, `proxy-${n + 2}`), ...(pack ? ['--pack'] : [])];
      const { url } = others[others.push(await serve(`proxy ${n + 2}`, words)) - 1]!;
      const regions = REGIONS.filter((_, i) => i % proxies === n).join();
      await runCli(dir, ['deploy', 'publisher', '--region', regions, '--proxy', url, ...sending], env);
    }
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
