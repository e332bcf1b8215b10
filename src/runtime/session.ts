/** A command's view of what runs: the state that `up` left, and clients for its services. */
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import { readToken } from '../lib/net/bearer-token.js';
import type { Network } from '../network/network.js';
import type { NetworkProvider } from '../network/provider.js';
import { loadProvider } from '../network/registry.js';
import { FleetClient } from '../puller/fleet-client.js';
import { controlClient } from './control-client.js';
import { type RunState, readRunState, stateDamaged, tokenFileOf } from './run-state.js';

export type Session = ReturnType<typeof openSession>;

/** Rejects with `NOT_UP` when no `up` runs in this folder, and with `STILL_STARTING` until it is ready. */
export function openSession(settings: Settings) {
  const stateDir = resolve(settings.stateDir);
  const state = stateOfUp(stateDir);
  const token = operatorToken(settings);
  const control = controlClient(state.control, token);
  /** The kind of network that runs, and its connection. */
  const provider = async (): Promise<{ provider: NetworkProvider; connection: unknown }> => {
    const found = await loadProvider(state.kind);
    const { data } = found.connectionSchema.safeParse(state.connection);
    if (data === undefined) throw stateDamaged(stateDir);
    return { provider: found, connection: data };
  };
  return {
    state,
    token,
    control,
    fleet: openFleet(settings),
    provider,
    async network(): Promise<Network> {
      const { provider: found, connection } = await provider();
      const setRegionLink = (region: string, connected: boolean) => control.setRegionLink(region, connected);
      return found.open(connection, { stateDir, token, setRegionLink });
    },
  };
}

/** The one of the settings, else the one that `up` created; empty when there is none. */
export function operatorToken({ token, stateDir }: Settings): string {
  return token ?? readToken(tokenFileOf(resolve(stateDir))) ?? '';
}

function stateOfUp(stateDir: string): RunState {
  const state = readRunState(stateDir);
  if (!state?.alive) {
    throw new AppError(
      'NOT_UP',
      state ? 'the `up` of this folder exited without cleaning up' : 'no network is up in this folder',
      {
        hint: 'Start one with `wasm-sensors up`, or go to the folder where it runs (or name its state folder with --state-dir).',
      },
    );
  }
  if (state.phase === 'ready') return state;
  throw new AppError('STILL_STARTING', `the network is still starting (\`up\` is pid ${state.up.pid})`, {
    hint: 'Try again when `up` is ready; `wasm-sensors down` stops it.',
  });
}

/** For services that are only read: the viewer token of the settings, else the operator token. */
export const viewingToken = (settings: Settings): string => settings.viewerToken ?? operatorToken(settings);

/**
 * The puller to ask: the one that `--puller-url` names, else that of the running `up`. It may move while a command
 * runs, because a service job can replace it. Every call throws `NOT_UP` when no `up` runs here (any more).
 */
export function openFleet(settings: Settings, retryForMs?: number): FleetClient {
  const { pullerUrl, stateDir } = settings;
  const token = viewingToken(settings);
  return new FleetClient(pullerUrl ?? (() => stateOfUp(resolve(stateDir)).endpoints.puller), { token, retryForMs });
}
