/** The embedded network: one sensor host as a child process of `up`, its nodes entries of a table. */
import { join } from 'node:path';
import { serviceCommand } from '../../config/service-config.js';
import { freePort } from '../../lib/net/choose-port.js';
import { hostAndPort } from '../../lib/net/host-list.js';
import { selfCommand } from '../../lib/process/self-command.js';
import type { ChildEvent } from '../../lib/process/supervisor.js';
import { nodeArgsFor } from '../../sensor-host/host-capacity.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { RELAYED, RegionLinks } from '../region-links.js';
import { relayMemoryMb, startRelays, stopRelays } from '../relays.js';
import {
  createEmbeddedNetwork,
  type EmbeddedConnection,
  embeddedConnectionSchema,
  hostClient,
} from './embedded-network.js';

export const embeddedProvider: NetworkProvider<EmbeddedConnection> = {
  kind: 'embedded',
  capabilities: { givesNodesTokens: true, demoNodes: 100 },
  connectionSchema: embeddedConnectionSchema,
  needs(settings) {
    const sensorsMb = Math.ceil(SENSOR_MB * REGIONS.length * settings.values.nodes);
    return { memoryMb: MEMORY_MB + sensorsMb + relayMemoryMb(settings) };
  },
  plan: async (_, context) => planEmbedded(context),
  open: createEmbeddedNetwork,
  sensorHostUrl: ({ host }) => host,
};

/** Of `up`, its services and the sensor host, and of one sensor. */
const MEMORY_MB = 300;
const SENSOR_MB = 0.1;

const CHILD = 'sensors';

function planEmbedded(context: PlanContext): NetworkPlan<EmbeddedConnection> {
  const { supervisor, stateDir, nodesPerRegion, tlsCa, sensorEnv, sensorKey, token, logging } = context;
  /** Opened with relays only. */
  const links = new RegionLinks(RELAYED);
  const cut = new Set<string>();
  let host = '';
  let relayUrls: Record<string, string> = {};

  const startSite = async (proxyUrl: string) => {
    if (!context.relays) return;
    if (!(await links.open(proxyUrl))) context.emit({ type: 'proxy.not-linked', url: proxyUrl });
    relayUrls = await startRelays(context, (region) => links.proxyUrl(region));
  };

  const startHost = async () => {
    const jobsFile = join(stateDir, 'embedded-jobs.json');
    const port = await freePort();
    host = `http://127.0.0.1:${port}`;
    const own = { port, nodes: nodesPerRegion, jobs: jobsFile, tlsCa, token, ...logging, sensorKey };
    const { args, env } = serviceCommand('sensors', own);
    await supervisor.start({
      name: CHILD,
      ...selfCommand(args, nodeArgsFor(nodesPerRegion * REGIONS.length)),
      env: { ...sensorEnv, ...env },
      ready: 'ipc',
      graceMs: 3000,
    });
  };

  const tellHost = (region: string, connected: boolean) => {
    const relay = relayUrls[region];
    const onSite = relay === undefined ? {} : { onSite: hostAndPort(new URL(relay)) };
    return hostClient(host, token)('PUT', `/regions/${encodeURIComponent(region)}`, { connected, ...onSite });
  };

  // A host that was restarted has no region cut. One that is gone again is told after its next start.
  const onChild = (event: ChildEvent): void => {
    if (event.type !== 'child.restarted' || event.name !== CHILD) return;
    for (const region of cut) tellHost(region, false).catch(() => {});
  };

  return {
    async start({ proxyUrl }) {
      await Promise.all([startSite(proxyUrl), startHost()]);
      supervisor.on('event', onChild);
      return { connection: { host, proxyUrl, relayUrls, stateDir } };
    },
    async setRegionLink(region, connected) {
      await tellHost(region, connected);
      if (connected) cut.delete(region);
      else cut.add(region);
      if (context.relays) await links.set(region, connected);
    },
    async stop() {
      supervisor.off('event', onChild);
      await supervisor.stop([CHILD]);
      await stopRelays(context);
      await links.close();
    },
  };
}
