/** What the imports know of a guest, whichever way it waits. */
import type { Delivery } from './delivery.js';
import type { FileTable } from './guest-files.js';
import type { GuestMemory } from './guest-memory.js';
import type { HttpArguments } from './http-request.js';

/** Why a guest no longer runs. `returned`: its entry point returned without `proc_exit`. */
export type GuestExit =
  | { kind: 'exit'; code: number }
  | { kind: 'trap'; message: string }
  | { kind: 'returned' }
  | { kind: 'stopped' };

/** What a guest's requests have shown until now. */
export type Delivered = Pick<Delivery, 'isBehind' | 'hasDelivered'>;

export interface RunningGuest {
  /** How it exited; undefined while it runs. */
  readonly exit: GuestExit | undefined;
  /** The last lines it wrote to stdout and stderr, without blank ones. The last one may be incomplete. */
  readonly lastLines: readonly string[];
  readonly delivery: Delivered;
  /** Stops it as soon as it waits for no answer, and the last one was good. */
  retire(): void;
  /** Stops it at once: nothing is sent after this call. */
  stop(): void;
  /** Resolves when its thread has ended; left out where it has none of its own. */
  ended?(): Promise<void>;
}

/** Thrown through the guest by `proc_exit`. */
export class ProcExit {
  constructor(readonly code: number) {}
}

export interface ProgramOptions {
  files: FileTable;
  /** Without the program's name. */
  args: string[];
  env: Record<string, string>;
}

/** Variables whose values are not shown in what a guest writes. */
const SECRETS = ['SENSOR_TOKEN', 'WASM_SENSORS_TOKEN'];

export abstract class WasiGuest {
  readonly output: RecentOutput;
  /** The program's name, which is empty, and the arguments. */
  readonly args: Buffer[];
  /** `NAME=value`, sorted by name as on a node. */
  readonly environment: Buffer[];
  readonly files: FileTable;
  memory!: GuestMemory;

  constructor({ files, args, env }: ProgramOptions) {
    this.files = files;
    this.output = new RecentOutput(SECRETS.flatMap((name) => env[name] || []));
    this.args = ['', ...args].map((text) => Buffer.from(`${text}\0`));
    const names = Object.keys(env).sort();
    this.environment = names.map((name) => Buffer.from(`${name}=${env[name]}\0`));
  }

  /** Result of a call that waited and now returns: its import does nothing else. Undefined for a call that begins. */
  resumed(): number | undefined {
    return undefined;
  }

  /** Waits `ms`; returns to the guest with 0. Called inside an import. */
  abstract sleep(ms: number): number;
  /** Sends a request; returns to the guest with the call's result code. Called inside an import. */
  abstract fetch(args: HttpArguments): number;
}

/** How a guest whose entry point threw has exited. */
export function exitOf(error: unknown): GuestExit {
  if (error instanceof ProcExit) return { kind: 'exit', code: error.code };
  return { kind: 'trap', message: error instanceof Error ? error.message : String(error) };
}

const MAX_LINES = 8;
const MAX_LENGTH = 1000;

/** The last lines that a guest wrote to stdout and stderr: enough to see why it exited. */
class RecentOutput {
  /** The last line may be incomplete. */
  text = '';
  onWrite: (() => void) | undefined;

  /** @param secrets are shown as `***`, also where a guest writes them in parts */
  constructor(private readonly secrets: string[]) {}

  /** Records a write, which may be a part of a line or several lines. */
  write(text: string): void {
    const shown = this.secrets.reduce((all, secret) => all.replaceAll(secret, '***'), this.text + text);
    const lines = shown.split('\n');
    const incomplete = lines.pop()!.slice(-MAX_LENGTH);
    this.text = [...lines.slice(-MAX_LINES).map((line) => line.slice(0, MAX_LENGTH)), incomplete].join('\n');
    this.onWrite?.();
  }
}

export const linesOf = (output: string): string[] => output.split('\n').filter((line) => line !== '');
