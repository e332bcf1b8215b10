/**
 * A thread that ends its process: when the sensor host is gone, when the process takes too much memory, and when it has
 * not been heard for a while, because the module keeps the thread that all its guests share.
 */
import { writeSync } from 'node:fs';
import { totalmem } from 'node:os';
import { workerData } from 'node:worker_threads';

export interface Watched {
  /** Changes as long as the thread of the guests is not kept. */
  heard: Int32Array;
  /** Process id of the sensor host. */
  parent: number;
}

const CHECK_EVERY_MS = 250;
const HUNG_AFTER_MS = 10_000;
/** A container may have less than its machine. */
const MAX_BYTES = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2;

const { heard, parent }: Watched = workerData;
let last = -1;
let silentChecks = 0;

setInterval(() => {
  const count = Atomics.load(heard, 0);
  silentChecks = count === last ? silentChecks + 1 : 0;
  last = count;
  if (process.ppid !== parent) end('the sensor host is gone');
  if (process.memoryUsage.rss() > MAX_BYTES) end(`more than ${Math.round(MAX_BYTES / 1024 / 1024)} MB of memory`);
  // Counted in checks: a process that was stopped gets its whole time again.
  if (silentChecks * CHECK_EVERY_MS > HUNG_AFTER_MS) end(`no answer for ${HUNG_AFTER_MS / 1000} s`);
}, CHECK_EVERY_MS);

function end(why: string): void {
  try {
    // As V8 begins its own last line.
    writeSync(2, `FATAL ERROR: ${why}\n`);
  } finally {
    // Also when nobody reads any more what it says.
    process.kill(process.pid, 'SIGKILL');
  }
}
