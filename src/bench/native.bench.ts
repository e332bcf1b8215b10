/**
 * `npm run bench -- native`: a network of real Bacalhau processes: how fast it connects, whether readings are lost, what a
 * node costs. Options: `--nodes 33 --interval 1 --seconds 60` (nodes in each region); `--most`: larger and larger ones,
 * 20 s each, until one does not come up or falls behind.
 */
import { cpus, freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeployResult } from '../operations/deploy/deploy-publisher.js';
import { FleetClient } from '../puller/fleet-client.js';
import { readRunState } from '../runtime/run-state.js';
import { freePortFlags, runCli } from './bench-cli.js';
import { inOwnFolder } from './own-folder.js';
import { machineUsage, ownMemory, usages } from './usage.js';

export interface NativeBenchOptions {
  /** In each region. */
  nodes: number;
  /** Seconds. */
  interval: number;
  seconds: number;
}

/** Readings that came, of those that the sensors should have taken. */
const KEEPS_UP = 0.97;
const STEP = 33;

export async function run(options: NativeBenchOptions): Promise<void> {
  await measure(options);
}

export async function runMost(interval: number): Promise<void> {
  for (let nodes = STEP; ; nodes += STEP) {
    try {
      const share = await measure({ nodes, interval, seconds: 20 });
      if (share >= KEEPS_UP) continue;
      console.log(`${nodes * 3} nodes: only ${(100 * share).toFixed(0)} % of the readings came in time`);
    } catch (error) {
      console.log(`${nodes * 3} nodes did not come up: ${(error as { stderr?: string }).stderr ?? error}`);
    }
    return;
  }
}

/** Resolves with the part of the readings that came. */
async function measure({ nodes, interval, seconds }: NativeBenchOptions): Promise<number> {
  const total = nodes * 3;
  return inOwnFolder(async (dir) => {
    const began = Date.now();
    const network = ['--network', 'native', '--nodes', String(nodes)];
    await runCli(dir, ['up', '-d', ...network, ...(await freePortFlags('native'))]);
    console.log(`native, ${total} edge nodes: all connected after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    const words = ['deploy', 'publisher', '--interval', String(interval), '--timeout', '120', '-o', 'json'];
    const { data: deployed } = JSON.parse(await runCli(dir, words)) as { data: DeployResult };
    console.log(`  every sensor sends ${deployed.seconds.toFixed(1)} s after it was deployed`);
    // Second readings come after a random part of the interval.
    await sleep(2000 * interval);
    const state = readRunState(join(dir, '.wasm-sensors'))!;
    const edge = state.children.filter(({ name }) => name.startsWith('edge-'));
    const fleet = new FleetClient(state.endpoints.puller);
    const [first, before, machineBefore] = [await fleet.summary(), usages(state.children), machineUsage()];
    await sleep(seconds * 1000);
    const [last, after, machineAfter] = [await fleet.summary(), usages(state.children), machineUsage()];
    const elapsed = (last.time - first.time) / 1000;
    const came = last.total.received - first.total.received;
    const cpu = (names: string[]) =>
      percent(names.reduce((sum, name) => sum + after.get(name)!.cpu - before.get(name)!.cpu, 0) / elapsed);
    const others = state.children.map(({ name }) => name).filter((name) => !name.startsWith('edge-'));
    const mean = (values: number[]) => (values.reduce((a, b) => a + b, 0) / values.length).toFixed(1);
    const { gaps, duplicates, late, live } = last.total;
    console.log(
      [
        `readings/s over ${elapsed.toFixed(0)} s: ${(came / elapsed).toFixed(1)} of ${(total / interval).toFixed(1)}; live ${live}, gaps ${gaps}, duplicates ${duplicates}, late ${late}`,
        `memory of a node: ${mean(edge.map(({ pid }) => ownMemory(pid)))} MB of its own (PSS), ${mean(edge.map(({ name }) => after.get(name)!.memory))} MB resident; free on the machine: ${(freemem() / 2 ** 30).toFixed(1)} GB`,
        `CPU of one core: nodes ${cpu(edge.map(({ name }) => name))}, ${others.map((name) => `${name} ${cpu([name])}`).join(', ')}; machine ${percent((machineAfter - machineBefore) / elapsed)} of ${cpus().length * 100} %`,
      ]
        .map((line) => `  ${line}`)
        .join('\n'),
    );
    return (came * interval) / (total * elapsed);
  });
}

const percent = (part: number) => `${(100 * part).toFixed(0)} %`;
