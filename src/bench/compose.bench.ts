/** `npm run bench -- compose --nodes 10`: memory of each edge node's container with its sensor, and how many fit here. */
import { freemem } from 'node:os';
import { execa } from 'execa';
import { BENCH_PROJECT, freePortFlags, runCli } from './bench-cli.js';
import { inOwnFolder } from './own-folder.js';

export interface ComposeBenchOptions {
  /** In each region. */
  nodes: number;
}

const UNITS: Record<string, number> = { B: 1 / 1_048_576, KiB: 1 / 1024, MiB: 1, GiB: 1024 };

export async function run({ nodes }: ComposeBenchOptions): Promise<void> {
  await inOwnFolder(async (dir) => {
    const began = Date.now();
    const args = ['up', '-d', '--network', 'compose', '--deploy', '--nodes', String(nodes), '--timeout', '120'];
    await runCli(dir, [...args, ...(await freePortFlags('compose'))]);
    console.log(`${nodes * 3} edge nodes: every sensor sends after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    const { stdout } = await execa('docker', ['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}']);
    const edge = stdout.split('\n').flatMap((line) => {
      const match = new RegExp(`^${BENCH_PROJECT}-(?:us|eu|as)-\\d+ ([\\d.]+)(B|KiB|MiB|GiB)`).exec(line);
      return match ? [Number(match[1]) * UNITS[match[2]!]!] : [];
    });
    const mean = edge.reduce((a, b) => a + b, 0) / edge.length;
    const free = freemem() / 1_048_576;
    console.log(
      `memory of an edge node with its sensor: ${mean.toFixed(1)} MiB (${Math.min(...edge).toFixed(1)} to ${Math.max(...edge).toFixed(1)}, ${edge.length} containers)`,
    );
    console.log(
      `free memory ${free.toFixed(0)} MiB: room for about ${Math.floor(free / mean)} more by memory alone; processors are short before that`,
    );
  });
}
