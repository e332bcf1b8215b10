/** Drives the real CLI as a child process, in a folder of its own, and ends what it started. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePortFlags } from '../../bench/bench-cli.js';
import { readToken } from '../../lib/net/bearer-token.js';
import { FleetClient } from '../../puller/fleet-client.js';
import type { FleetSnapshot } from '../../puller/puller-app.js';
import type { RunState } from '../../runtime/run-state.js';
import { readRunState } from '../../runtime/run-state.js';
import { ON_PATH } from './cli.js';

const BIN = fileURLToPath(new URL('../../../bin/wasm-sensors.js', import.meta.url));

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder with its own `.wasm-sensors` and its own ports. */
export class Sandbox {
  readonly dir = mkdtempSync(join(tmpdir(), 'wasm-sensors-'));
  readonly stateDir = join(this.dir, '.wasm-sensors');
  readonly #children = new Set<ChildProcess>();
  readonly #env: Record<string, string>;
  readonly #bin: string;

  /**
   * @param env for everything that runs in it
   * @param bin another program than the one that was built here
   */
  constructor(env: Record<string, string> = {}, bin = BIN) {
    this.#env = env;
    this.#bin = bin;
  }

  /** So that tests never meet a running system of somebody else. */
  static portFlags = freePortFlags;

  /** Runs a command to its end. */
  run(args: string[], options: { env?: Record<string, string>; timeoutMs?: number } = {}): Promise<RunResult> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [this.#bin, ...args],
        {
          cwd: this.dir,
          env: cleanEnv({ ...this.#env, ...options.env }),
          timeout: options.timeoutMs ?? 80_000,
          maxBuffer: 64 * 1024 * 1024,
        },
        (error, stdout, stderr) =>
          resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr }),
      );
    });
  }

  /** Runs a command that must succeed; gives its JSON document's `data`. */
  async json<T>(args: string[], options: { timeoutMs?: number } = {}): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '-o', 'json'], options);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return (JSON.parse(stdout) as { data: T }).data;
  }

  /**
   * Starts a network in the background, on ports of its own; what it said. As a test it has a second attempt, which the
   * tests' output shows: other tests load the machine meanwhile, and may take a port.
   */
  async up(network: string, args: string[], options: { timeoutMs?: number } = {}): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const ports = await Sandbox.portFlags(network);
      const { code, stderr } = await this.run(['up', '-d', '--network', network, ...args, ...ports], options);
      if (code === 0) return stderr;
      if (attempt > 1) throw new Error(`up ended with ${code}: ${stderr}`);
      console.warn(`up ended with ${code}, and is tried once more: ${stderr}`);
      await this.run(['down', '--volumes']);
    }
  }

  /** Starts a command that goes on. */
  spawn(args: string[], env?: Record<string, string>): Running {
    const child = spawn(process.execPath, [this.#bin, ...args], {
      cwd: this.dir,
      env: cleanEnv({ ...this.#env, ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return new Running(child);
  }

  /** What `up` runs now. */
  state(): RunState {
    const state = readRunState(this.stateDir);
    if (!state) throw new Error('no run state');
    return state;
  }

  pidOf(child: string): number {
    const found = this.state().children.find(({ name }) => name === child);
    if (!found) throw new Error(`${child} does not run`);
    return found.pid;
  }

  fleet(): FleetClient {
    return new FleetClient(this.state().endpoints.puller, { token: readToken(join(this.stateDir, 'token')) });
  }

  /** Ends everything, whatever state a failed test left. */
  async close(downArgs: string[] = []): Promise<void> {
    await this.run(['down', ...downArgs]);
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (data) => (this.stdout += data));
    child.stderr?.on('data', (data) => (this.stderr += data));
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }
}

/** Looks until `look` gives something true; fails with `what` after the timeout. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`not seen within ${timeoutMs / 1000} s: ${what}${last ? ` (${last})` : ''}`);
    await sleep(100);
  }
}

/** Waits until every sensor that sends has delivered each of its readings from the first on. */
export function nothingMissing(fleet: FleetClient, timeoutMs = 40_000): Promise<FleetSnapshot> {
  return eventually(
    'every reading of every sensor',
    async () => {
      const snapshot = await fleet.snapshot();
      const sending = snapshot.sensors.filter(({ state }) => state === 'live');
      return sending.length > 0 && sending.every(({ received, sequence }) => received === sequence) && snapshot;
    },
    timeoutMs,
  );
}

/** A test's environment must not leak into what it runs. */
function cleanEnv(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, BACALHAU_BIN, TMPDIR } = process.env;
  const env = { PATH, HOME, BACALHAU_BIN, TMPDIR, ...ON_PATH, ...extra };
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
