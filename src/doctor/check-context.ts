/** What all checks share: the settings, what the network needs, and what an earlier `up` left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Resolved } from '../config/resolve-settings.js';
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
  /** What is needed where the settings of the network are not complete is not known: `needsError` says why. */
  needs: NetworkNeeds | undefined;
  needsError: AppError | undefined;
  /** The `up` that runs here. */
  up: RunState | undefined;
  /** An empty folder for the files of other programs. */
  scratch: string;
  /** Whether the queue is one that somebody else runs, whose calls are signed. */
  signedQueue: boolean;
  /** Found once for all checks. Rejects as `findIdentity` does. */
  identity(): Promise<AwsIdentity>;
  close(): void;
}

/** `settings` name the network; without one of their own, that of the running `up` counts. */
export async function openContext(settings: Resolved): Promise<CheckContext> {
  const stateDir = resolve(settings.values.stateDir);
  const up = runningUp(stateDir);
  const provider = await loadProvider(
    up && settings.provenance.network.source === 'default' ? up.kind : settings.values.network,
  );
  const scratch = mkdtempSync(join(tmpdir(), 'wasm-sensors-doctor-'));
  const { queue, queueUnsigned } = settings.values;
  let identity: Promise<AwsIdentity> | undefined;
  return {
    ...{ settings, stateDir, provider, up, scratch },
    ...needsOf(provider, settings),
    signedQueue: queue !== undefined && !queueUnsigned,
    identity: () => (identity ??= findIdentity(queueOptions(settings.values))),
    close: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

function needsOf(provider: NetworkProvider, settings: Resolved): Pick<CheckContext, 'needs' | 'needsError'> {
  try {
    return { needs: provider.needs?.(settings), needsError: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { needs: undefined, needsError: error };
  }
}

/** A state that can't be read is reported by its own check. */
function runningUp(stateDir: string): RunState | undefined {
  try {
    const state = readRunState(stateDir);
    return state?.alive ? state : undefined;
  } catch {
    return undefined;
  }
}
