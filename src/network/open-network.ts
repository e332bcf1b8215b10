/** Opens the `Network` of a running `up`, in any terminal. */
import type { ControlClient } from '../runtime/control-api.js';
import type { RunState } from '../runtime/run-state.js';
import type { Network } from './network.js';

export interface OpenContext {
  token: string;
  control: ControlClient;
  stateDir: string;
}

export async function openNetwork(state: RunState, { token, control, stateDir }: OpenContext): Promise<Network> {
  switch (state.network) {
    case 'embedded':
      return (await import('./embedded/embedded-network.js')).createEmbeddedNetwork(state.facts, token);
    case 'native':
      return (await import('./native/native-network.js')).createNativeNetwork(state.facts, {
        stateDir,
        setRegionLink: (region, connected) => control.setRegionLink(region, connected),
      });
    case 'compose':
      return (await import('./compose/compose-network.js')).createComposeNetwork(state.facts, {
        stateDir,
        setRegionLink: (region, connected) => control.setRegionLink(region, connected),
      });
    case 'remote':
      return (await import('./remote/remote-network.js')).createRemoteNetwork(state.facts, stateDir);
  }
}
