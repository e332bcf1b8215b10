/** What a running `up` leaves in `.wasm-sensors/run.json` for other terminals, and for the clean-up after a `kill -9`. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createFileAtomic, readIfExists, writeFileAtomic } from '../lib/files.js';
import { isAlive, type ProcessId } from '../lib/processes.js';
import type { NetworkKind } from './network.js';

/** Plain JSON from which `openNetwork` makes a `Network` in another process; no secrets. */
export type NetworkFacts = Record<string, unknown>;

/** Base URLs; what a network does not have is missing. */
export interface Endpoints {
  proxy: string;
  puller: string;
  queue?: string;
  /** The proxy that runs as a service job, beside the other one. */
  jobProxy?: string;
  /** Bacalhau's API and web page. */
  api?: string;
  webUi?: string;
}

export interface RunState {
  up: ProcessId;
  /** Unix milliseconds. */
  began: number;
  network: NetworkKind;
  /** `starting` until everything is ready. */
  phase: 'starting' | 'ready';
  /** Control API of `up`. */
  control: string;
  endpoints: Endpoints;
  /** File with the private authority of an https proxy. */
  tlsCa?: string;
  facts: NetworkFacts;
  /** Processes that must not outlive `up`. */
  children: ProcessId[];
}

const fileOf = (stateDir: string) => join(stateDir, 'run.json');

/** Whether this process may run here: true when no state was there, which two that start together can't both find. */
export function claimRunState(stateDir: string, state: RunState): boolean {
  return createFileAtomic(fileOf(stateDir), textOf(state));
}

export function writeRunState(stateDir: string, state: RunState): void {
  writeFileAtomic(fileOf(stateDir), textOf(state));
}

const textOf = (state: RunState) => `${JSON.stringify(state, null, 2)}\n`;

/** The state left by the last `up`, if there is one; `alive` tells whether that `up` still runs. */
export function readRunState(stateDir: string): (RunState & { alive: boolean }) | undefined {
  const text = readIfExists(fileOf(stateDir));
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as RunState;
  return { ...state, alive: isAlive(state.up) };
}

/** Removes the state of this `up`; another one's stays. */
export function clearRunState(stateDir: string, { pid, started }: ProcessId): void {
  const up = readRunState(stateDir)?.up;
  if (up?.pid === pid && up.started === started) rmSync(fileOf(stateDir), { force: true });
}

/** The file with the operator token that control calls need. */
export const tokenFileOf = (stateDir: string) => join(stateDir, 'token');
