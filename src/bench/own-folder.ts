/**
 * A folder for what a benchmark starts. Everything is stopped and the folder removed at the end, also after a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf, stopRequested } from '../lib/process/shutdown.js';
import { runCli } from './bench-cli.js';

/** Calls `work` with the folder. What it started is also stopped when the benchmark is interrupted. */
export async function inOwnFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'wasm-sensors-bench-'));
  const end = async () => {
    await runCli(dir, ['down', '--volumes']);
    rmSync(dir, { recursive: true, force: true });
  };
  void stopRequested({ supervised: false }).then(async (reason) => {
    await end();
    process.exit(exitCodeOf(reason));
  });
  try {
    return await work(dir);
  } finally {
    await end();
  }
}
