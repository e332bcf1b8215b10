/** The native network: real `bacalhau serve` processes on this machine. */
import { portWish, type Resolved } from '../../config/resolve-settings.js';
import { bacalhauNeeds } from '../bacalhau/find-bacalhau.js';
import { REGIONS } from '../network.js';
import type { NetworkProvider } from '../provider.js';
import { relayNeeds } from '../relays.js';
import { createNativeNetwork, type NativeConnection, nativeConnectionSchema } from './native-network.js';

export const nativeProvider: NetworkProvider<NativeConnection> = {
  kind: 'native',
  capabilities: { givesNodesTokens: true, demoNodes: 4 },
  connectionSchema: nativeConnectionSchema,
  needs: (settings) => ({
    memoryMb: MEMORY_MB + NODE_MB * (REGIONS.length * settings.values.nodes + 1) + relayNeeds(settings).memoryMb,
    ports: [...Object.values(portsOf(settings)), ...relayNeeds(settings).ports],
    bacalhau: bacalhauNeeds(settings.values),
  }),
  async plan(settings, context) {
    const { planNative } = await import('./plan.js');
    return planNative(context, { bacalhau: settings.values.bacalhau, ports: portsOf(settings) });
  },
  open: createNativeNetwork,
};

/** Of `up` and its services, and of one `bacalhau` process, whose pages others share. */
const MEMORY_MB = 250;
const NODE_MB = 20;

const portsOf = (settings: Resolved) => ({
  api: portWish(settings, 'apiPort', 'API of Bacalhau'),
  nats: portWish(settings, 'natsPort', "orchestrator's node port"),
  webUi: portWish(settings, 'webUiPort', 'web page of Bacalhau'),
});
