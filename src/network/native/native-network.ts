/** The native network as every terminal uses it. */
import { z } from 'zod';
import { forwardedSchema } from '../../jobs/render-job.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import { configFolder, regionConfigFile } from '../config-file.js';
import { plannedEdges } from '../edge-nodes.js';
import type { Network } from '../network.js';
import type { OpenContext } from '../provider.js';

/** What another terminal needs to know to use it; part of `run.json`. */
export const nativeConnectionSchema = z.object({
  /** Path of the program that the network was started with. */
  bacalhau: z.string(),
  api: z.object({ host: z.string(), port: z.number() }),
  webUi: z.string(),
  /** Edge nodes of each region, whether they have connected or not. */
  nodesPerRegion: z.number().default(0),
  /** By region: the proxy behind the region's link. */
  sensorProxyUrls: z.record(z.string(), z.string()),
  /** By region; empty where there are no relays. */
  relayUrls: z.record(z.string(), z.string()).default({}),
  /** Names of variables, never values. */
  forwarded: forwardedSchema,
});

export type NativeConnection = z.output<typeof nativeConnectionSchema>;

export function createNativeNetwork(
  { bacalhau, api, nodesPerRegion, sensorProxyUrls, relayUrls, forwarded }: NativeConnection,
  { stateDir, token, setRegionLink }: Pick<OpenContext, 'stateDir' | 'token' | 'setRegionLink'>,
): Network {
  const sentTo = { ...sensorProxyUrls, ...relayUrls };
  const network = createBacalhauNetwork({
    kind: 'native',
    client: createBacalhauClient({ path: bacalhau, stateDir, api }),
    stateDir,
    planned: plannedEdges(nodesPerRegion).map((node) => ({ ...node, connected: false })),
    token,
    forwarded,
    sensorProxyUrl: (region) => sentTo[region] ?? '',
    proxyUrlOf: (region) => sensorProxyUrls[region] ?? '',
    setRegionLink,
  });
  return {
    ...network,
    configFile: (region) => regionConfigFile(configFolder(stateDir), region),
  };
}
