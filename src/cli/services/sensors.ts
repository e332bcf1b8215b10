/** The sensor host of the embedded network: all its nodes, and the API that takes their jobs. */
import { dirname, join } from 'node:path';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { hostNames } from '../../lib/net/browser-guard.js';
import { readCaFile } from '../../lib/net/tls.js';
import { reportWarning } from '../../lib/process/shutdown.js';
import { modulePath } from '../../modules/module-files.js';
import { ModuleStore } from '../../modules/module-store.js';
import { plannedEdges } from '../../network/edge-nodes.js';
import { REGIONS } from '../../network/network.js';
import { currentKey, sensorTokenOf } from '../../protocol/sensor-token.js';
import { createCluster } from '../../sensor-host/cluster.js';
import { ForeignHost } from '../../sensor-host/foreign/foreign-host.js';
import { loadModule } from '../../sensor-host/guest/sensor-module.js';
import { fixedPagesFor, guestLimit, nodeArgsFor } from '../../sensor-host/host-capacity.js';
import { createSensorHostApp } from '../../sensor-host/host-routes.js';
import { keepJobs, quarantineDamagedJobs } from '../../sensor-host/jobs-file.js';
import { SensorHost } from '../../sensor-host/sensor-host.js';
import type { CommandContext } from '../command.js';
import type { SENSORS_OPTIONS } from '../commands/serve.command.js';
import { eventText, type JobsLost, logEvent } from '../output/event-text.js';
import { logDefect, runService } from './run-service.js';

export const serveSensors = ({ settings, options }: CommandContext<typeof SENSORS_OPTIONS>): Promise<number> =>
  runService(settings, async (log) => {
    const { port, jobs } = options;
    const { token, sensorToken, sensorKey } = settings;
    const key = currentKey(sensorKey);
    if (token === undefined)
      throw new AppError('OPERATOR_TOKEN_NEEDED', 'the control API needs a token', {
        hint: 'Set WASM_SENSORS_TOKEN.',
      });
    const store = new ModuleStore(join(dirname(jobs), 'modules'));
    const pathOf = (module: string) => {
      const path = store.find(module);
      if (path !== undefined) return path;
      throw new AppError('MODULE_UNREADABLE', `the module ${module} is not in modules/ of the state folder`, {
        hint: 'Deploy it again.',
      });
    };
    const ca = settings.tlsCa === undefined ? {} : { ca: readCaFile(settings.tlsCa) };
    const fixed = fixedPagesFor(settings.nodes * REGIONS.length);
    const cluster = createCluster({
      host: new SensorHost(fixed === undefined ? ca : { ...ca, maxGuests: guestLimit(true) }),
      foreign: new ForeignHost({ ...ca, nodeArgs: nodeArgsFor(settings.nodes) }),
      nodes: plannedEdges(settings.nodes),
      loadModule: async (name) => loadModule(modulePath(name), fixed),
      modulePath: pathOf,
      onEvent: (event) => logEvent(log, event),
      moduleEnv(name, node) {
        if (name === 'config-updater') return { WASM_SENSORS_TOKEN: token };
        const own = key && sensorTokenOf(key, node);
        const sent = sensorToken ?? own;
        return sent === undefined ? {} : { SENSOR_TOKEN: sent };
      },
    });
    // Also when the host is started again while `up` runs.
    const quarantined = quarantineDamagedJobs(jobs);
    if (quarantined !== undefined) {
      const event: JobsLost = { type: 'jobs.quarantined', file: quarantined };
      logEvent(log, event);
      reportWarning(eventText(event));
    }
    const kept = keepJobs(cluster, jobs, (job, error) =>
      logEvent(log, { type: 'job.lost', job, reason: messageOf(error) }),
    );
    return {
      fetch: createSensorHostApp(kept, {
        token,
        hosts: hostNames('127.0.0.1', undefined),
        log: (text) => logDefect(log, text),
      }).fetch,
      host: '127.0.0.1',
      port,
      purpose: 'sensor host',
      flag: '--port',
      graceMs: 200,
      onListening: () => kept.resume(),
      onClose: () => kept.close(),
    };
  });
