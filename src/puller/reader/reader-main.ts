/**
 * The process that reads the store for somebody: its first line of input is the request, its output the answer. When its
 * input closes it ends at once, in the middle of a statement, too; so it never outlives the process that asked.
 */
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';

// Readings are stored first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const input = createInterface({ input: process.stdin });
// The statement runs in one call, which nothing else can end.
input.once('close', () => process.kill(process.pid, 'SIGKILL'));
input.once('line', (line) => {
  // The thread writes to the output itself, and waits in that; Node would open it here, and it would wait no more.
  const own = { stdout: true, stderr: true };
  const worker = new Worker(new URL('./reader-worker.js', import.meta.url), { workerData: line, ...own });
  worker.once('exit', (code) => process.exit(code));
});
