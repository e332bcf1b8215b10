import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { SERVICE_FLAGS } from '../../../config/service-config.js';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import { hostNames } from '../../../lib/net/browser-guard.js';
import { readCaFile } from '../../../lib/net/tls.js';
import { edgeLabels, edgeName } from '../../../network/edge-nodes.js';
import { REGIONS } from '../../../network/network.js';
import { parseSensorKeys, sensorTokenOf } from '../../../protocol/sensor-token.js';
import type { CommandSpec } from '../../command.js';
import { integerOption } from '../../command-options.js';
import { logEvent } from '../../output/event-log.js';
import { jobLostText, sensorEventText } from '../../output/sensors-text.js';
import { jobsQuarantinedText } from '../../output/up-text.js';

export const sensorsServe: CommandSpec = {
  name: 'sensors serve',
  summary: 'run the sensor host of the embedded network (started by `up`)',
  hidden: true,
  settings: SERVICE_FLAGS.sensors,
  options: [
    new Option('--port <port>', 'port of the control API').makeOptionMandatory(),
    new Option(
      '--jobs <file>',
      'keeps the jobs, so that a restarted host runs them again; modules of the user are in modules/ beside it',
    ).makeOptionMandatory(),
  ],
  async action(context) {
    const { settings, options } = context;
    const [
      { createCluster },
      { createSensorHost },
      { ForeignHost },
      { nodeArgsFor },
      { loadModule },
      { createSensorHostApp },
      { modulePath },
      { ModuleStore },
      { keepJobs },
      serve,
    ] = await Promise.all([
      import('../../../sensor-host/cluster.js'),
      import('../../../sensor-host/sensor-host.js'),
      import('../../../sensor-host/foreign/foreign-host.js'),
      import('../../../sensor-host/host-capacity.js'),
      import('../../../sensor-host/guest/sensor-module.js'),
      import('../../../sensor-host/host-routes.js'),
      import('../../../modules/module-files.js'),
      import('../../../modules/module-store.js'),
      import('../../../sensor-host/jobs-file.js'),
      import('../../serve-role.js'),
    ]);
    return serve.runService(context, async (log) => {
      const { token, sensorToken, sensorKey } = settings;
      const [current] = sensorKey === undefined ? [] : (parseSensorKeys(sensorKey) ?? []);
      if (token === undefined)
        throw new AppError('OPERATOR_TOKEN_NEEDED', 'the control API needs a token', {
          hint: 'Set WASM_SENSORS_TOKEN.',
        });
      const store = new ModuleStore(join(dirname(String(options.jobs)), 'modules'));
      const pathOf = (module: string) => {
        const path = store.find(module);
        if (path !== undefined) return path;
        throw new AppError('MODULE_UNREADABLE', `the module ${module} is not in modules/ of the state folder`, {
          hint: 'Deploy it again.',
        });
      };
      const ca = settings.tlsCa === undefined ? {} : { ca: readCaFile(settings.tlsCa) };
      const cluster = createCluster({
        host: createSensorHost(ca),
        foreign: new ForeignHost({ ...ca, nodeArgs: nodeArgsFor(settings.nodes) }),
        nodes: REGIONS.flatMap((region) =>
          Array.from({ length: settings.nodes }, (_, i) => ({ name: edgeName(region, i + 1), ...edgeLabels(region) })),
        ),
        loadModule: async (name) => loadModule(modulePath(name)),
        modulePath: pathOf,
        onEvent: (event) => logEvent(log, event, sensorEventText(event)),
        moduleEnv(name, node) {
          if (name === 'config-updater') return { WASM_SENSORS_TOKEN: token };
          const own = current && sensorTokenOf(current.key, node);
          const sent = sensorToken ?? own;
          return sent === undefined ? {} : { SENSOR_TOKEN: sent };
        },
      });
      const kept = keepJobs(
        cluster,
        String(options.jobs),
        (file) => log.warn('jobs.quarantined', jobsQuarantinedText(file), { file }),
        (job, error) => log.error('job.lost', jobLostText(job, messageOf(error)), { job }),
      );
      return serve.serveUntilStopped({
        log,
        fetch: createSensorHostApp(kept, {
          token,
          hosts: hostNames('127.0.0.1', undefined),
          log: (text) => serve.logDefect(log, text),
        }).fetch,
        host: '127.0.0.1',
        port: integerOption(options.port, '--port', 0) ?? 0,
        purpose: 'sensor host',
        flag: '--port',
        graceMs: 200,
        onListening: () => kept.resume(),
        onClose: () => kept.close(),
      });
    });
  },
};
