/** The embedded network: one sensor host as a child process of `up`, its nodes entries of a table. */
import { join } from 'node:path';
import { serviceCommand } from '../../config/service-config.js';
import { freePort } from '../../lib/net/choose-port.js';
import { selfCommand } from '../../lib/process/self-command.js';
import { nodeArgsFor } from '../../sensor-host/host-capacity.js';
import { quarantineDamagedJobs } from '../../sensor-host/jobs-file.js';
import { type Link, openLink, proxyTarget } from '../link.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { relayNeeds, startRelays, stopRelays } from '../relays.js';
import { createEmbeddedNetwork, type EmbeddedConnection, embeddedConnectionSchema } from './embedded-network.js';

export const embeddedProvider: NetworkProvider<EmbeddedConnection> = {
  kind: 'embedded',
  capabilities: { givesNodesTokens: true, demoNodes: 100 },
  connectionSchema: embeddedConnectionSchema,
  needs(settings) {
    const { memoryMb, ports } = relayNeeds(settings);
    return { memoryMb: Math.ceil(MEMORY_MB + SENSOR_MB * REGIONS.length * settings.values.nodes) + memoryMb, ports };
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
  const links = new Map<string, Link>();
  const startSiteRelays = async (proxyUrl: string) => {
    if (!context.relays) return {};
    const proxy = proxyTarget(proxyUrl);
    if (!proxy) context.emit({ type: 'proxy.not-linked', url: proxyUrl });
    else for (const region of REGIONS) links.set(region, await openLink(proxy));
    return startRelays(context, (region) => {
      const link = links.get(region);
      return proxy && link ? proxy.urlBehind(link.port) : proxyUrl;
    });
  };
  return {
    async start({ proxyUrl }) {
      const jobsFile = join(stateDir, 'embedded-jobs.json');
      // Before the host does, which could report it only in its log.
      const quarantined = quarantineDamagedJobs(jobsFile);
      if (quarantined !== undefined) context.emit({ type: 'jobs.quarantined', file: quarantined });
      const port = await freePort();
      const { args, env } = serviceCommand('sensors', {
        port,
        nodes: nodesPerRegion,
        jobs: jobsFile,
        tlsCa,
        token,
        ...logging,
        sensorKey,
      });
      const relays = startSiteRelays(proxyUrl);
      await supervisor.start({
        name: CHILD,
        ...selfCommand(args, nodeArgsFor(nodesPerRegion * REGIONS.length)),
        env: { ...sensorEnv, ...env },
        ready: 'ipc',
        graceMs: 3000,
      });
      const relayUrls = await relays;
      return { connection: { host: `http://127.0.0.1:${port}`, proxyUrl, relayUrls, stateDir } };
    },
    async setRegionLink(region, connected) {
      const link = links.get(region);
      if (connected) link?.restore();
      else link?.cut();
    },
    async stop() {
      await supervisor.stop([CHILD]);
      await stopRelays(context);
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}
