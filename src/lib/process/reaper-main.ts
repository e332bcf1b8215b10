/** The process behind `reaper.ts`. Each line of its input is the list that counts from now on; it acts at the end. */
import { createInterface } from 'node:readline';
import { type ProcessId, stopProcesses } from './process-id.js';

const GRACE_MS = 1500;

let ids: ProcessId[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  try {
    ids = JSON.parse(line) as ProcessId[];
  } catch {
    // The supervisor was killed in the middle of a line; the list before it counts.
  }
}
await stopProcesses(ids, GRACE_MS);
