/**
 * The thread of one guest without Asyncify. It blocks where the module waits: in a sleep, and in a request until the host
 * has answered it.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { FileTable, StatCache } from './guest-files.js';
import { GuestMemory } from './guest-memory.js';
import { systemClock } from './host-clock.js';
import { type HttpArguments, RESULT, readRequest, writeAnswer } from './http-request.js';
import type { FromThread, ThreadStart } from './thread-guest.js';
import { createImports } from './wasi.js';
import { exitOf, type GuestExit, WasiGuest } from './wasi-guest.js';

const port = parentPort as MessagePort;
const { module, args, env, mounts, shared }: ThreadStart = workerData;
const { state, output } = shared;
/** Nobody changes it: a wait for it is a sleep. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

class BlockingGuest extends WasiGuest {
  sleep(ms: number): number {
    Atomics.wait(NEVER, 0, 0, ms);
    return RESULT.ok;
  }

  fetch(call: HttpArguments): number {
    const request = readRequest(this.memory, call);
    if (typeof request === 'number') return request;
    port.postMessage({ request: { ...request, url: request.url.href } } satisfies FromThread);
    Atomics.wait(state, 0, 0);
    Atomics.store(state, 0, 0);
    return writeAnswer(this.memory, call, receiveMessageOnPort(port)!.message);
  }
}

const guest = new BlockingGuest({ files: new FileTable(mounts, new StatCache(systemClock)), args, env });
guest.output.onWrite = () => {
  const text = Buffer.from(guest.output.text).subarray(0, output.length);
  output.set(text);
  state[1] = text.length;
};

function run(): GuestExit {
  try {
    const instance = new WebAssembly.Instance(
      module,
      createImports(() => guest, systemClock),
    );
    guest.memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
    (instance.exports._start as () => void)();
    return { kind: 'returned' };
  } catch (error) {
    return exitOf(error);
  }
}

port.postMessage({ exit: run() } satisfies FromThread);
