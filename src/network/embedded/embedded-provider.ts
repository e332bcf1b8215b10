/** Starts and ends the embedded network: one sensor host as a child process, its nodes entries of a table. */
import { join } from 'node:path';
import { freePort } from '../../lib/net/ports.js';
import { selfCommand } from '../../lib/process/self-command.js';
import { quarantineDamagedJobs } from '../../sensor-host/jobs-file.js';
import { nodeArgsFor } from '../../sensor-host/large-host.js';
import { REGIONS } from '../network.js';
import type { NetworkRunner, RunnerContext } from '../provider.js';
import { createEmbeddedNetwork } from './embedded-network.js';

const CHILD = 'sensors';

export function createEmbeddedRunner(context: RunnerContext): NetworkRunner {
  return {
    async start() {
      const jobsFile = join(context.stateDir, 'embedded-jobs.json');
      // Before the host does, which could tell only its log.
      const damaged = quarantineDamagedJobs(jobsFile);
      if (damaged !== undefined) context.emit({ type: 'network.note', text: damaged });
      const port = await freePort();
      const facts = { host: `http://127.0.0.1:${port}`, proxyUrl: context.proxyUrl, stateDir: context.stateDir };
      await context.supervisor.start({
        name: CHILD,
        ...selfCommand(
          [
            ...['sensors', 'serve', '--port', String(port), '--nodes', String(context.nodesPerRegion)],
            ...['--jobs', jobsFile],
            ...(context.tlsCa === undefined ? [] : ['--tls-ca', context.tlsCa]),
          ],
          nodeArgsFor(context.nodesPerRegion * REGIONS.length),
        ),
        env: { ...context.sensorEnv, WASM_SENSORS_TOKEN: context.token },
        ready: 'ipc',
        graceMs: 3000,
      });
      return { network: createEmbeddedNetwork(facts, context.token), facts };
    },
    stop: () => context.supervisor.stop([CHILD]),
  };
}
