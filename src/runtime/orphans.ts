/** Orphans: processes, containers and secrets of an `up` that was killed. */
import { type ProcessId, stopProcesses } from '../lib/process/process-id.js';
import type { NetworkProvider, Removal } from '../network/provider.js';
import { loadAllProviders, loadProvider } from '../network/registry.js';
import { clearRunState, type RunState, readRunState } from './run-state.js';
import { alreadyUp } from './stack.js';
import { noteSensorsStopped } from './stopped-sensors.js';
import { findUpAndChildren } from './up-children.js';

/** How long processes of a killed `up` may take to exit. */
const GRACE_MS = 3_000;

/**
 * Removes what the last `up` of this folder left behind, if it was killed. Rejects with `ALREADY_UP` when one runs, also when
 * `run.json` is gone.
 */
export async function removeOrphans(stateDir: string): Promise<Removal> {
  const state = readRunState(stateDir);
  return removeOrphansOf(state, stateDir, state ? [await loadProvider(state.kind)] : []);
}

/** Like {@link removeOrphans}, but asks every kind of network: `run.json` names only the last one. */
export async function removeAllOrphans(stateDir: string): Promise<Removal> {
  return removeOrphansOf(readRunState(stateDir), stateDir, await loadAllProviders());
}

async function removeOrphansOf(
  state: (RunState & { alive: boolean }) | undefined,
  stateDir: string,
  providers: NetworkProvider[],
): Promise<Removal> {
  const { up, children } = findUpAndChildren(stateDir);
  if (state?.alive || up) throw alreadyUp(state, up);
  const stopped = await stopProcesses(distinct([...(state?.children ?? []), ...children]), GRACE_MS);
  if (state && !(await loadProvider(state.kind)).capabilities.sensorsOutliveUp) {
    noteSensorsStopped(state, stateDir);
  }
  const { removed, kept } = await cleanUpNetworks(stateDir, providers);
  if (state) clearRunState(stateDir, state.up);
  return { removed: [...stopped.map(({ name }) => name), ...removed], kept };
}

const distinct = (ids: ProcessId[]) => [...new Map(ids.map((id) => [id.pid, id])).values()];

async function cleanUpNetworks(stateDir: string, providers: NetworkProvider[]): Promise<Removal> {
  const removals = await Promise.all(providers.map((provider) => provider.cleanUp(stateDir)));
  return { removed: removals.flatMap(({ removed }) => removed), kept: removals.flatMap(({ kept }) => kept) };
}

/** Removes data that networks keep outside the state folder. `state`: of the `up` that was stopped just now. */
export async function removeNetworkData(stateDir: string, state: RunState | undefined): Promise<Removal> {
  const removals = await Promise.all(
    (await loadAllProviders()).map(async (provider) => {
      // One that was still starting has no connection yet.
      const own =
        state?.kind === provider.kind ? provider.connectionSchema.safeParse(state.connection).data : undefined;
      return provider.removeData?.(stateDir, own) ?? { removed: [], kept: [] };
    }),
  );
  return { removed: removals.flatMap(({ removed }) => removed), kept: removals.flatMap(({ kept }) => kept) };
}
