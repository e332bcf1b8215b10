/**
 * The process of one foreign module: a sensor host of its own. Whatever the module does to it, memory, processor and
 * crashes, it does to this process alone.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { HostList } from '../../lib/net/host-list.js';
import { packageRoot } from '../../lib/process/self-command.js';
import { type AnyModule, loadModule } from '../guest/sensor-module.js';
import type { RunningGuest } from '../guest/wasi-guest.js';
import { type ExitListener, SensorHost } from '../sensor-host.js';
import type { FromForeign, Opening, ToForeign } from './foreign-host.js';
import type { Watched } from './foreign-watch.js';

const REPORT_EVERY_MS = 1000;

let host: SensorHost;
let allowed: HostList;
let module: AnyModule;
const guests = new Map<number, RunningGuest>();
/** What was sent last about each. */
const told = new Map<number, string>();

const send = (message: FromForeign) => process.send?.(message, undefined, undefined, () => {});

yieldToOthers();
const heard = new Int32Array(new SharedArrayBuffer(4));
const watched: Watched = { heard, parent: process.ppid };
new Worker(`${packageRoot}dist/sensor-host/foreign/foreign-watch.js`, { workerData: watched, execArgv: [] }).unref();
setInterval(() => {
  Atomics.add(heard, 0, 1);
  if (host) send({ counts: host.stats() });
  for (const [id, { delivery }] of guests) {
    const { isBehind, hasDelivered } = delivery;
    const text = `${isBehind} ${hasDelivered}`;
    if (told.get(id) === text) continue;
    told.set(id, text);
    send({ changed: id, isBehind, hasDelivered });
  }
}, REPORT_EVERY_MS);

process.on('disconnect', () => process.exit());
process.on('message', (message: ToForeign) => {
  if ('open' in message) void open(message.open);
  else if ('start' in message) start(message);
  else if ('stop' in message) guests.get(message.stop)?.stop();
  else if ('retire' in message) guests.get(message.retire)?.retire();
  else host.setLink(message.region, message.connected, message.onSite);
});

async function open({ module: path, allow, ca }: Opening): Promise<void> {
  host = new SensorHost({ ca });
  allowed = new HostList(allow, (refused) => send({ refused }));
  try {
    module = await loadModule(path);
    send({ opened: { threads: 'compiled' in module } });
  } catch (error) {
    const { code, hint } = error instanceof AppError ? error : { code: 'INTERNAL', hint: undefined };
    send({ failed: { code, message: messageOf(error), ...(hint === undefined ? {} : { hint }) } });
  }
}

function start({ start: id, spec }: Extract<ToForeign, { start: number }>): void {
  const end: ExitListener = (exit, lastLine) => {
    guests.delete(id);
    told.delete(id);
    send({ counts: host.stats() });
    send({ ended: id, exit, lastLine });
  };
  try {
    guests.set(id, host.start(module, { ...spec, allowed }, end));
  } catch (error) {
    end({ kind: 'trap', message: messageOf(error) }, '');
  }
}

/** Of the processor, and of memory where the machine has none left. */
function yieldToOthers(): void {
  setPriority(constants.priority.PRIORITY_LOW);
  try {
    // On Linux each thread has a priority; new ones begin with that of the thread that makes them.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), constants.priority.PRIORITY_LOW);
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Elsewhere the system shares out both evenly.
  }
}
