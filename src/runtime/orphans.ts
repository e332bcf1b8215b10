/** Orphans: processes, containers and secrets of an `up` that was killed. */
import { stopProcesses } from '../lib/process/process-id.js';
import type { NetworkProvider, Removal } from '../network/provider.js';
import { loadAllProviders, loadProvider } from '../network/registry.js';
import { clearRunState, type RunState, readRunState } from './run-state.js';
import { alreadyUp } from './stack.js';
import { markSensorsStopped } from './stopped-sensors.js';

/** How long processes of a killed `up` may take to exit. */
const GRACE_MS = 3_000;

/** Removes what the last `up` of this folder left behind, if it was killed. Rejects with `ALREADY_UP` when one runs. */
export async function removeOrphans(stateDir: string): Promise<Removal> {
  const state = readRunState(stateDir);
  return state ? removeOrphansOf(state, stateDir, [await loadProvider(state.kind)]) : { removed: [], kept: [] };
}

/** Like {@link removeOrphans}, but asks every kind of network: `run.json` names only the last one. */
export async function removeAllOrphans(stateDir: string): Promise<Removal> {
  const state = readRunState(stateDir);
  const providers = await loadAllProviders();
  return state ? removeOrphansOf(state, stateDir, providers) : cleanUpNetworks(stateDir, providers);
}

async function removeOrphansOf(
  state: RunState & { alive: boolean },
  stateDir: string,
  providers: NetworkProvider[],
): Promise<Removal> {
  if (state.alive) throw alreadyUp(state);
  const stopped = await stopProcesses(state.children, GRACE_MS);
  const provider = await loadProvider(state.kind);
  if (!provider.capabilities.sensorsOutliveUp) await markSensorsStopped(state, stateDir);
  const { removed, kept } = await cleanUpNetworks(stateDir, providers);
  clearRunState(stateDir, state.up);
  return { removed: [...stopped.map(({ name }) => name), ...removed], kept };
}

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
