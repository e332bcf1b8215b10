/** Orphans: processes, containers and secrets of an `up` that was killed. */
import { join } from 'node:path';
import { stopProcesses } from '../lib/process/process-id.js';
import type { Removal } from '../network/provider.js';
import { loadAllProviders, loadProvider } from '../network/registry.js';
import { ENDED_NETWORK, noteEndedNetwork } from '../puller/ended-network.js';
import { clearRunState, readRunState } from './run-state.js';
import { alreadyUp } from './stack.js';
import { findUpAndChildren } from './up-children.js';

/** How long processes of a killed `up` may take to exit. */
const GRACE_MS = 3_000;

/**
 * Removes what the last `up` of this folder left behind, if it was killed. Rejects with `ALREADY_UP` when one runs, also when
 * `run.json` is gone. `everyKind`: asks every kind of network, because `run.json` names only the last one.
 */
export async function removeOrphans(stateDir: string, { everyKind = false } = {}): Promise<Removal> {
  const state = readRunState(stateDir);
  const { up, children } = findUpAndChildren(stateDir);
  if (state?.alive || up) throw alreadyUp(state, up);
  const ids = [...(state?.children ?? []), ...children];
  const stopped = await stopProcesses([...new Map(ids.map((id) => [id.pid, id])).values()], GRACE_MS);
  const last = state && (await loadProvider(state.kind));
  if (state && !last?.capabilities.sensorsOutliveUp) {
    noteEndedNetwork(join(stateDir, ENDED_NETWORK), { since: state.began, by: Date.now() });
  }
  const providers = everyKind ? await loadAllProviders() : last ? [last] : [];
  const { removed, kept } = await together(providers.flatMap((provider) => provider.cleanUp?.(stateDir) ?? []));
  if (state) clearRunState(stateDir, state.up);
  return { removed: [...stopped.map(({ name }) => name), ...removed], kept };
}

/** Removes data that networks keep outside the state folder. */
export async function removeNetworkData(stateDir: string): Promise<Removal> {
  return together((await loadAllProviders()).flatMap((provider) => provider.removeData?.(stateDir) ?? []));
}

async function together(removals: (Removal | Promise<Removal>)[]): Promise<Removal> {
  const done = await Promise.all(removals);
  return { removed: done.flatMap(({ removed }) => removed), kept: done.flatMap(({ kept }) => kept) };
}
