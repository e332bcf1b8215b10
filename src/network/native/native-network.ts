/** The native network as every terminal uses it. */

import { builtModule } from '../../jobs/built-module.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import type { Network } from '../network.js';
import type { NetworkFacts } from '../provider.js';
import { configFolder, regionConfigFile } from '../region-config-file.js';
import { nativeFactsSchema } from './native-connection.js';

export interface NativeNetworkOptions {
  stateDir: string;
  /** Cuts or restores a region's links: in `up` itself by its runner, elsewhere through the control API of `up`. */
  setRegionLink(region: string, connected: boolean): Promise<void>;
}

/** @param facts what the runner's `start` left; rejects facts of another kind of network */
export function createNativeNetwork(facts: NetworkFacts, options: NativeNetworkOptions): Network {
  const { bacalhau, api, sensorProxyUrls, forwarded } = nativeFactsSchema.parse(facts);
  const { stateDir, setRegionLink } = options;
  const network = createBacalhauNetwork({
    kind: 'native',
    client: createBacalhauClient({ path: bacalhau, stateDir, api }),
    stateDir,
    surroundings: { module: builtModule, forwarded },
    sensorProxyUrl: (region) => sensorProxyUrls[region] ?? '',
    setRegionLink,
  });
  return { ...network, configFile: (region) => regionConfigFile(configFolder(stateDir), region) };
}
