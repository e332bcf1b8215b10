/** Runs the command-line program: in this process, which is fast and shares the test's clock, or as a child. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const BIN = fileURLToPath(new URL('../../../bin/wasm-sensors.js', import.meta.url));

/** Hints name the program as a global installation does. */
export const ON_PATH = { WASM_SENSORS_COMMAND: 'wasm-sensors' };

export interface CliResult {
  /** Exit code, or the signal that ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  folder: string;
  env: Record<string, string>;
}

/** Where this process runs, whatever a command that did not end has left. */
const HOME = process.cwd();
/** Makes each run load `main` again, with the other modules as they are: what they export is the same for every command. */
let runs = 0;
/** No command here takes so long. */
const HANGS_MS = 20_000;
const STREAMS = ['stdout', 'stderr', 'stdin'] as const;
const EVENTS = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'uncaughtException',
  'unhandledRejection',
  'disconnect',
  'exit',
] as const;

/**
 * Runs a command to its end in this process, as `main` does it: with these arguments, folder and environment, no terminal,
 * and freshly loaded modules. Commands that serve, or that start children which write to the terminal, need {@link spawnCli}.
 */
export async function runCli(args: string[], { folder, env }: CliOptions): Promise<CliResult> {
  const before = {
    argv: process.argv,
    env: process.env,
    exitCode: process.exitCode,
    listeners: new Map(EVENTS.map((event) => [event, new Set<unknown>(process.rawListeners(event))])),
    terminals: STREAMS.map((name) => Object.getOwnPropertyDescriptor(process[name], 'isTTY')),
  };
  const result: CliResult = { code: 0, stdout: '', stderr: '' };
  const keep = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      result[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    });
  const spies = [keep('stdout'), keep('stderr')];
  // The channel is the test runner's.
  const channel = vi.spyOn(process, 'disconnect').mockImplementation(() => {});
  const errors = [process.stdout, process.stderr].map(
    (stream) => [stream, new Set(stream.rawListeners('error'))] as const,
  );
  let timer: NodeJS.Timeout | undefined;
  try {
    process.argv = [process.execPath, BIN, ...args];
    process.env = { ...ON_PATH, ...env };
    process.exitCode = undefined;
    process.chdir(folder);
    for (const name of STREAMS) Object.defineProperty(process[name], 'isTTY', { value: false, configurable: true });
    const hangs = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${args.join(' ')} does not end: ${JSON.stringify(result)}`)),
        HANGS_MS,
      );
    });
    await Promise.race([import(/* @vite-ignore */ `${MAIN}?run=${++runs}`), hangs]);
    channel.mockRestore();
    result.code = (process.exitCode as number | undefined) ?? 0;
    return result;
  } finally {
    clearTimeout(timer);
    for (const spy of spies) spy.mockRestore();
    process.argv = before.argv;
    process.env = before.env;
    process.exitCode = before.exitCode;
    process.chdir(HOME);
    for (const [i, name] of STREAMS.entries()) {
      const terminal = before.terminals[i];
      if (terminal) Object.defineProperty(process[name], 'isTTY', terminal);
      else Reflect.deleteProperty(process[name], 'isTTY');
    }
    for (const event of EVENTS) {
      for (const listener of process.rawListeners(event)) {
        if (!before.listeners.get(event)!.has(listener)) process.removeListener(event, listener as () => void);
      }
    }
    for (const [stream, known] of errors) {
      for (const listener of stream.rawListeners('error')) {
        if (!known.has(listener)) stream.removeListener('error', listener as () => void);
      }
    }
  }
}

/** A command that runs as a child. */
export class SpawnedCli {
  stdout = '';
  stderr = '';
  readonly ended: Promise<CliResult>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (data) => (this.stdout += data));
    child.stderr?.on('data', (data) => (this.stderr += data));
    this.ended = new Promise((resolve) =>
      child.once('close', (code, signal) =>
        resolve({ code: code ?? signal ?? 'unknown', stdout: this.stdout, stderr: this.stderr }),
      ),
    );
  }

  /** Resolves when it has written this, or throws when it ended without. */
  async says(text: string | RegExp): Promise<void> {
    const found = () =>
      [this.stdout, this.stderr].some((said) => (typeof text === 'string' ? said.includes(text) : text.test(said)));
    let over = false;
    void this.ended.then(() => (over = true));
    await vi.waitUntil(() => found() || over, { timeout: 30_000, interval: 20 });
    if (!found()) throw new Error(`it ended without ${text}: ${this.stdout}${this.stderr}`);
  }
}

/** Starts the built program. */
export function spawnCli(args: string[], { folder, env }: CliOptions): SpawnedCli {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { ...ON_PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new SpawnedCli(child);
}
