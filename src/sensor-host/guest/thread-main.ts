/**
 * The thread of one guest without Asyncify. It blocks where the module waits: in a sleep, and in a request until the host
 * has answered it.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { HostList } from '../../lib/net/host-list.js';
import { FileTable, StatCache } from './guest-files.js';
import { GuestMemory } from './guest-memory.js';
import { systemClock } from './host-clock.js';
import { answerCells, type HttpArguments, RESULT, readRequest, writeAnswer } from './http-request.js';
import { type FromThread, SharedState, type ThreadStart, type ToThread } from './thread-messages.js';
import { createImports } from './wasi.js';
import { exitOf, type GuestExit, WasiGuest } from './wasi-guest.js';

const port = parentPort as MessagePort;
const { module, args, env, mounts, shared } = workerData as ThreadStart;
const state = new SharedState(shared);

/** Where a request may go is known to the host, which sends it. */
const NOT_CHECKED = new HostList([]);

class BlockingGuest extends WasiGuest {
  readonly returning = false;

  rewound(): number {
    return RESULT.ok;
  }

  sleep(ms: number): number {
    state.sleep(ms);
    return RESULT.ok;
  }

  fetch(call: HttpArguments): number {
    const asked = readRequest(this.memory, call, NOT_CHECKED);
    if (typeof asked === 'number') return asked;
    const { allowed: _, ...request } = asked;
    port.postMessage({ request: { ...request, url: request.url.href } } satisfies FromThread);
    state.waitForAnswer();
    const answer = receiveMessageOnPort(port)!.message as ToThread;
    return writeAnswer(
      this.memory,
      answerCells(call),
      answer.result === RESULT.ok ? { ...answer, body: Buffer.from(answer.body) } : answer,
    );
  }
}

const guest = new BlockingGuest({ files: new FileTable(mounts, new StatCache(systemClock)), args, env });
const { output } = guest;
output.onWrite = () => {
  state.output = output.text;
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
