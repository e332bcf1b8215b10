/** What a running `up` leaves in `.wasm-sensors/run.json` for other terminals, and for the clean-up after a `kill -9`. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../lib/errors/app-error.js';
import { createFileAtomic, quarantine, readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import { isAlive, type ProcessId } from '../lib/process/process-id.js';
import { endpointsSchema } from '../network/provider.js';
import { registeredKinds } from '../network/registry.js';

const processSchema = z.object({ name: z.string(), pid: z.int().positive(), started: z.string() });

const stateSchema = z
  .object({
    up: processSchema,
    /** Unix milliseconds. */
    began: z.number(),
    network: z.string().refine((kind) => registeredKinds().includes(kind)),
    /** `starting` until everything is ready. */
    phase: z.enum(['starting', 'ready']),
    /** Control API of `up`. */
    control: z.string(),
    endpoints: endpointsSchema,
    /** File with the private authority of an https proxy. */
    tlsCa: z.string().exactOptional(),
    /** The network's connection, read only by the provider of this kind. Empty until everything is ready. */
    facts: z.record(z.string(), z.unknown()),
    /** The queue that it was asked to use; no secrets. */
    settings: z.record(z.string(), z.unknown()),
    /** Processes that must not outlive `up`. */
    children: z.array(processSchema),
  })
  .transform(({ network: kind, facts: connection, ...rest }) => ({ ...rest, kind, connection }));

/** As the file has it, but for the names of two members: `kind` is its `network`, and `connection` its `facts`. */
export type RunState = Omit<z.output<typeof stateSchema>, 'connection'> & { connection: unknown };

const fileOf = (stateDir: string) => join(stateDir, 'run.json');

/** Creates the state; false when there is one already. So of two processes that start together only one runs here. */
export function claimRunState(stateDir: string, state: RunState): boolean {
  return createFileAtomic(fileOf(stateDir), textOf(state));
}

export function writeRunState(stateDir: string, state: RunState): void {
  writeFileAtomic(fileOf(stateDir), textOf(state));
}

function textOf({ up, began, kind, phase, control, endpoints, tlsCa, connection, ...rest }: RunState): string {
  const file = { up, began, network: kind, phase, control, endpoints, tlsCa, facts: connection, ...rest };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * The state left by the last `up`, if there is one; `alive`: whether that `up` still runs. Throws `STATE_DAMAGED` when
 * the file holds no state.
 */
export function readRunState(stateDir: string): (RunState & { alive: boolean }) | undefined {
  const text = readIfExists(fileOf(stateDir));
  if (text === undefined) return undefined;
  const state = parseState(text);
  if (!state) throw stateDamaged(stateDir);
  return { ...state, alive: isAlive(state.up) };
}

export function stateDamaged(stateDir: string): Error {
  return new AppError('STATE_DAMAGED', `${fileOf(stateDir)} is damaged: what runs here is not known`, {
    hint: 'Run `wasm-sensors down`, which moves the file away, and then `up`.',
  });
}

/**
 * Quarantines a damaged state, so that an `up` can start; returns the file's new name, undefined when it is not
 * damaged.
 */
export function quarantineDamagedState(stateDir: string): string | undefined {
  const text = readIfExists(fileOf(stateDir));
  return text === undefined || parseState(text) ? undefined : quarantine(fileOf(stateDir));
}

/** Undefined for a text that is no state. */
function parseState(text: string): RunState | undefined {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Removes the state of this `up`. The state of another one is kept, and so is a damaged one, which the next `up`
 * quarantines.
 */
export function clearRunState(stateDir: string, { pid, started }: ProcessId): void {
  const up = parseState(readIfExists(fileOf(stateDir)) ?? '')?.up;
  if (up?.pid === pid && up.started === started) rmSync(fileOf(stateDir), { force: true });
}

/** The file with the operator token that control calls need. */
export const tokenFileOf = (stateDir: string) => join(stateDir, 'token');
