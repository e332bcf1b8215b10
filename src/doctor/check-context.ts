/** What all checks share: the settings, what the network needs, and what an earlier `up` left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Resolved } from '../config/resolve-settings.js';
import type { SettingKey } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import type { NetworkNeeds, NetworkProvider } from '../network/provider.js';
import { loadProvider } from '../network/registry.js';
import { type AwsIdentity, findIdentity } from '../queue/aws-identity.js';
import { queueOptions } from '../queue/open-queue.js';
import { type RunState, readRunState } from '../runtime/run-state.js';

export interface CheckContext {
  settings: Resolved;
  /** Absolute. */
  stateDir: string;
  provider: NetworkProvider;
  /** Undefined where the settings of the network are not complete; then `needsError` says why. */
  needs: NetworkNeeds | undefined;
  needsError: AppError | undefined;
  /** `run.json`, where it can be read; its `up` may have been killed. */
  state: (RunState & { alive: boolean }) | undefined;
  /** The `up` that runs here, where it has this network. */
  up: RunState | undefined;
  /** An empty folder for the files of other programs. */
  scratch: string;
  /** Whether the queue is one that somebody else runs, whose calls are signed. */
  signedQueue: boolean;
  /** Found once for all checks. Rejects as `findIdentity` does. */
  identity(): Promise<AwsIdentity>;
  close(): void;
}

/** Where `settings` leave something open, what the running `up` was started with counts. */
export async function openContext(given: Resolved): Promise<CheckContext> {
  const stateDir = resolve(given.values.stateDir);
  const state = readableState(stateDir);
  const running = state?.alive ? state : undefined;
  const asked = given.provenance.network.source === 'default' ? undefined : given.values.network;
  const provider = await loadProvider(asked ?? running?.kind ?? given.values.network);
  const up = running?.kind === provider.kind ? running : undefined;
  const settings = up ? asUpHas(given, up) : given;
  const scratch = mkdtempSync(join(tmpdir(), 'wasm-sensors-doctor-'));
  const { queue, queueUnsigned } = settings.values;
  let identity: Promise<AwsIdentity> | undefined;
  return {
    settings,
    stateDir,
    provider,
    ...needsOf(provider, settings),
    state,
    up,
    scratch,
    signedQueue: queue !== undefined && !queueUnsigned,
    identity: () => (identity ??= findIdentity(queueOptions(settings.values))),
    close: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** Other terminals do not repeat the flags of `up`; what is secret it does not keep. */
function asUpHas({ values, provenance }: Resolved, up: RunState): Resolved {
  const open = Object.entries(up.settings).filter(([key]) => provenance[key as SettingKey]?.source === 'default');
  return { values: { ...values, ...Object.fromEntries(open) }, provenance };
}

function needsOf(provider: NetworkProvider, settings: Resolved): Pick<CheckContext, 'needs' | 'needsError'> {
  try {
    return { needs: provider.needs?.(settings), needsError: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { needs: undefined, needsError: error };
  }
}

/** A damaged file is reported by a check of its own. */
function readableState(stateDir: string): CheckContext['state'] {
  try {
    return readRunState(stateDir);
  } catch {
    return undefined;
  }
}
