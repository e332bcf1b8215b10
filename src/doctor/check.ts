/** What a check of `doctor` is, what it finds, and what all checks share. */
import { resolve } from 'node:path';
import type { Resolved } from '../config/resolve-settings.js';
import { isSettingKey } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import type { ErrorCode } from '../lib/errors/codes.js';
import { explainStateFailure } from '../lib/fs/state-folder.js';
import type { NetworkNeeds, NetworkProvider } from '../network/provider.js';
import { loadProvider } from '../network/registry.js';
import { type RunState, readRunState } from '../runtime/run-state.js';

export interface CheckContext {
  settings: Resolved;
  /** Absolute. */
  stateDir: string;
  provider: NetworkProvider;
  /** What the network needs, or why its settings are not complete. */
  needs: NetworkNeeds | AppError;
  /** The `up` that runs here, whatever its network. */
  running: RunState | undefined;
  /** The same, where it has this network. */
  up: RunState | undefined;
}

/** Where `settings` leave something open, what the running `up` was started with counts. */
export async function openContext(given: Resolved): Promise<CheckContext> {
  const stateDir = resolve(given.values.stateDir);
  let running: CheckContext['running'];
  try {
    const state = readRunState(stateDir);
    running = state?.alive ? state : undefined;
  } catch {
    // A damaged `run.json` is reported by a check of its own.
  }
  const asked = given.provenance.network.source === 'default' ? undefined : given.values.network;
  const provider = await loadProvider(asked ?? running?.kind ?? given.values.network);
  const up = running?.kind === provider.kind ? running : undefined;
  const { values, provenance } = given;
  // Other terminals do not repeat the flags of `up`; what is secret it does not keep.
  const open = Object.entries(up?.settings ?? {}).filter(
    ([key]) => isSettingKey(key) && provenance[key].source === 'default',
  );
  const settings = { values: { ...values, ...Object.fromEntries(open) }, provenance };
  let needs: CheckContext['needs'];
  try {
    needs = provider.needs?.(settings) ?? { memoryMb: 0 };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    needs = error;
  }
  return { settings, stateDir, provider, needs, running, up };
}

export type CheckStatus = 'ok' | 'warning' | 'failure' | 'skipped';

export interface Finding {
  status: CheckStatus;
  /** What was seen, or why it was not checked. */
  why: string;
  /** What to do, with the command that does it. */
  fix?: string;
  code?: ErrorCode;
  /** Lines that belong to it, such as a policy to copy. */
  details?: string[];
  /** Repairs it without losing anything; resolves with what was done. */
  repair?(): string;
}

/** What is found, also where it is good. An `AppError` that it throws is a failure, too. */
export type Part = (context: CheckContext) => Promise<Finding[]> | Finding[];

export const ok = (why: string): Finding[] => [{ status: 'ok', why }];
export const skipped = (why: string): Finding[] => [{ status: 'skipped', why }];
export const problem = (status: 'warning' | 'failure', why: string, fix: string): Finding => ({ status, why, fix });

/** A part that only some networks need: it gets what they need of one kind. */
export const forNetwork =
  <T>(
    needed: (needs: NetworkNeeds) => T | undefined,
    find: (needs: T, context: CheckContext) => ReturnType<Part>,
  ): Part =>
  (context) => {
    if (context.needs instanceof AppError) return skipped('the settings of the network are not complete');
    const needs = needed(context.needs);
    return needs === undefined ? skipped(`the ${context.provider.kind} network needs none`) : find(needs, context);
  };

/** An expected error as a finding; any other error is thrown again. */
export function findingOf(error: unknown, status: CheckStatus = 'failure'): Finding {
  if (!(error instanceof AppError)) throw error;
  const { message: why, hint: fix, code, details } = error;
  return { status, why, code, ...(fix === undefined ? {} : { fix }), ...(details.length > 0 ? { details } : {}) };
}

export async function runPart(part: Part, context: CheckContext): Promise<Finding[]> {
  try {
    return await part(context);
  } catch (error) {
    return [findingOf(explainStateFailure(error, context.stateDir))];
  }
}
