/** Opens the `Network` of a running `up`, in any terminal. */
import type { Settings } from '../config/settings.js';
import type { ControlClient } from './control.js';
import { createEmbeddedNetwork } from './embedded/network.js';
import type { Network } from './network.js';
import type { RunState } from './run-state.js';

export interface OpenContext {
  token: string;
  control: ControlClient;
  settings: Settings;
  stateDir: string;
}

export async function openNetwork(state: RunState, context: OpenContext): Promise<Network> {
  switch (state.network) {
    case 'embedded':
      return createEmbeddedNetwork(state.facts, context.token);
    default:
      throw new Error(`the ${state.network} network is not there`);
  }
}
