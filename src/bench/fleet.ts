/**
 * `npm run bench -- fleet`: a whole fleet through sensor → proxy → queue → puller → store, as `up` runs it, and what was
 * lost on the way. Options: `--sensors 10000 --interval 2 --seconds 60`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessId } from '../lib/processes.js';
import { readRunState } from '../network/run-state.js';
import { FleetClient } from '../puller/client.js';
import { table } from '../ui/table.js';
import { freePortFlags, runCli } from './cli.js';

export interface FleetBenchOptions {
  sensors: number;
  /** Seconds. */
  interval: number;
  seconds: number;
}

interface Usage {
  /** CPU seconds since the process began. */
  cpu: number;
  /** Resident memory in MB. */
  memory: number;
}

export async function run({ sensors, interval, seconds }: FleetBenchOptions): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'wasm-sensors-bench-'));
  const perRegion = Math.ceil(sensors / 3);
  console.log(
    `fleet: ${perRegion * 3} sensors, one reading every ${interval} s each = ${Math.round((perRegion * 3) / interval)} readings/s, for ${seconds} s`,
  );
  try {
    const ports = await freePortFlags();
    await runCli(dir, [
      'up',
      '-d',
      '--deploy',
      '--nodes',
      String(perRegion),
      '--interval',
      String(interval),
      '--timeout',
      '120',
      ...ports,
    ]);
    const state = readRunState(join(dir, '.wasm-sensors'))!;
    const fleet = new FleetClient(state.endpoints.puller);
    const before = await usages(state.children);
    const first = await fleet.summary();
    const began = Date.now();
    const depths: number[] = [];
    for (let i = 0; i < seconds; i += 5) {
      await sleep(Math.min(5, seconds - i) * 1000);
      const { depth } = await fleet.stats();
      depths.push(depth ? depth.visible + depth.inFlight : Number.NaN);
    }
    const elapsed = (Date.now() - began) / 1000;
    const last = await fleet.summary();
    const after = await usages(state.children);
    const rate = (last.total.received - first.total.received) / elapsed;
    await runCli(dir, ['stop', 'publisher']);
    await sleep(6000);
    const { summary, sensors: views } = await fleet.snapshot();
    const missing = views.reduce((sum, sensor) => sum + sensor.sequence - sensor.received, 0);
    console.log(
      table(
        [
          ['process', 'CPU of one core', 'memory'],
          ...state.children.map(({ name }) => {
            const cpu = (after.get(name)!.cpu - before.get(name)!.cpu) / elapsed;
            return [name, `${(cpu * 100).toFixed(0)} %`, `${after.get(name)!.memory.toFixed(0)} MB`];
          }),
        ],
        [1, 2],
      ),
    );
    console.log(
      `readings/s through to the store: ${rate.toFixed(0)} (${((100 * rate * interval) / (perRegion * 3)).toFixed(1)} % of what the sensors take)`,
    );
    console.log(`queue depth every 5 s: ${depths.join(' ')}`);
    console.log(
      `received ${summary.total.received}, lost ${missing}, gaps ${summary.total.gaps}, duplicates ${summary.total.duplicates}, late ${summary.total.late}`,
    );
  } finally {
    await runCli(dir, ['down']);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function usages(children: ProcessId[]): Promise<Map<string, Usage>> {
  return new Map(children.map(({ name, pid }) => [name, usageOf(pid)]));
}

/** From `/proc`: ticks are hundredths of a second on every Linux that Node runs on. */
function usageOf(pid: number): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: (pages * 4096) / 1_048_576 };
}
