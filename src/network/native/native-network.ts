/** The native network as every terminal uses it. */

import { builtModule } from '../../jobs/built-module.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import type { Network } from '../network.js';
import type { OpenContext } from '../provider.js';
import { configFolder, regionConfigFile } from '../region-config-file.js';
import type { NativeConnection } from './native-connection.js';

export function createNativeNetwork(
  { bacalhau, api, sensorProxyUrls, forwarded }: NativeConnection,
  { stateDir, setRegionLink }: Pick<OpenContext, 'stateDir' | 'setRegionLink'>,
): Network {
  const network = createBacalhauNetwork({
    kind: 'native',
    client: createBacalhauClient({ path: bacalhau, stateDir, api }),
    stateDir,
    surroundings: { module: builtModule, forwarded },
    sensorProxyUrl: (region) => sensorProxyUrls[region] ?? '',
    setRegionLink,
  });
  return {
    ...network,
    linksSeenBy: 'the orchestrator',
    configFile: (region) => regionConfigFile(configFolder(stateDir), region),
  };
}
