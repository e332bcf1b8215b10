/** Opens the `Network` of a running `up`, in any terminal. */

import type { Network } from '../network/network.js';
import type { ControlClient } from './control-api.js';
import type { RunState } from './run-state.js';

export interface OpenContext {
  token: string;
  control: ControlClient;
  stateDir: string;
}

export async function openNetwork(state: RunState, { token, control, stateDir }: OpenContext): Promise<Network> {
  switch (state.network) {
    case 'embedded':
      return (await import('../network/embedded/embedded-network.js')).createEmbeddedNetwork(state.facts, token);
    case 'native':
      return (await import('../network/native/native-network.js')).createNativeNetwork(state.facts, {
        stateDir,
        setRegionLink: (region, connected) => control.setRegionLink(region, connected),
      });
    case 'compose':
      return (await import('../network/compose/compose-network.js')).createComposeNetwork(state.facts, {
        stateDir,
        setRegionLink: (region, connected) => control.setRegionLink(region, connected),
      });
    case 'remote':
      return (await import('../network/remote/remote-network.js')).createRemoteNetwork(state.facts, stateDir);
  }
}
