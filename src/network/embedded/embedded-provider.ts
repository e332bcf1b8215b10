/** The embedded network: one sensor host as a child process of `up`, its nodes entries of a table. */
import { join } from 'node:path';
import { serviceCommand } from '../../config/service-config.js';
import { freePort } from '../../lib/net/choose-port.js';
import { selfCommand } from '../../lib/process/self-command.js';
import { nodeArgsFor } from '../../sensor-host/host-capacity.js';
import { quarantineDamagedJobs } from '../../sensor-host/jobs-file.js';
import { REGIONS } from '../network.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { createEmbeddedNetwork, type EmbeddedConnection, embeddedConnectionSchema } from './embedded-network.js';

export const embeddedProvider: NetworkProvider<EmbeddedConnection> = {
  kind: 'embedded',
  capabilities: { givesNodesTokens: true, demoNodes: 100 },
  connectionSchema: embeddedConnectionSchema,
  needs: ({ values: { nodes } }) => ({ memoryMb: Math.ceil(MEMORY_MB + SENSOR_MB * REGIONS.length * nodes) }),
  plan: async (_, context) => planEmbedded(context),
  open: (connection, { token }) => createEmbeddedNetwork(connection, token),
  sensorHostUrl: ({ host }) => host,
};

/** Of `up`, its services and the sensor host, and of one sensor. */
const MEMORY_MB = 300;
const SENSOR_MB = 0.1;

const CHILD = 'sensors';

function planEmbedded(context: PlanContext): NetworkPlan<EmbeddedConnection> {
  const { supervisor, stateDir, nodesPerRegion, tlsCa, sensorEnv, sensorKey, token, logging } = context;
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
      await supervisor.start({
        name: CHILD,
        ...selfCommand(args, nodeArgsFor(nodesPerRegion * REGIONS.length)),
        env: { ...sensorEnv, ...env },
        ready: 'ipc',
        graceMs: 3000,
      });
      return { connection: { host: `http://127.0.0.1:${port}`, proxyUrl, stateDir } };
    },
    stop: () => supervisor.stop([CHILD]),
  };
}
