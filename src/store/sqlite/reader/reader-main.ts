/**
 * The process that reads the store for somebody: its first line of input is the request, its output the answer. When its
 * input closes it ends at once, in the middle of a statement, too; so it never outlives the process that asked. It also
 * ends when it takes too much memory, before the machine has none left for the puller.
 */
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';

/** Less than the 256 MiB that are promised: a large value may be on its way when this is noticed. */
const MAX_GROWTH = 192 * 1_048_576;
const CHECK_EVERY_MS = 5;
/** Of JavaScript, in MiB. SQLite has its memory elsewhere. */
const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

// The statement runs in one call, which nothing else can end.
const end = () => process.kill(process.pid, 'SIGKILL');

// Readings are stored first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const input = createInterface({ input: process.stdin });
input.once('close', end);
input.once('line', (line) => {
  const atStart = process.memoryUsage.rss();
  setInterval(() => {
    if (process.memoryUsage.rss() - atStart > MAX_GROWTH) end();
  }, CHECK_EVERY_MS);
  const worker = new Worker(new URL('./reader-worker.js', import.meta.url), {
    workerData: line,
    resourceLimits: HEAP,
    // The thread writes to the output itself, and waits in that; Node would open it here, and it would wait no more.
    stdout: true,
    stderr: true,
  });
  worker.once('error', end);
  worker.once('exit', (code) => process.exit(code));
});
