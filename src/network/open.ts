/** Opens the `Network` of a running `up`, in any terminal. */
import type { ControlClient } from './control.js';
import type { Network } from './network.js';
import type { RunState } from './run-state.js';

export interface OpenContext {
  token: string;
  control: ControlClient;
  stateDir: string;
}

export async function openNetwork(state: RunState, { token, control, stateDir }: OpenContext): Promise<Network> {
  switch (state.network) {
    case 'embedded':
      return (await import('./embedded/network.js')).createEmbeddedNetwork(state.facts, token);
    case 'native':
      return (await import('./native/network.js')).createNativeNetwork(state.facts, {
        stateDir,
        setRegionLink: (region, connected) => control.setRegionLink(region, connected),
      });
    case 'compose':
      return (await import('./compose/network.js')).createComposeNetwork(state.facts, {
        stateDir,
        setRegionLink: (region, connected) => control.setRegionLink(region, connected),
      });
    case 'remote':
      return (await import('./remote/network.js')).createRemoteNetwork(state.facts, stateDir);
  }
}
