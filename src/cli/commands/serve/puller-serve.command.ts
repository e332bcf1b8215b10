import { join } from 'node:path';
import { SERVICE_FLAGS } from '../../../config/service-config.js';
import type { Settings } from '../../../config/settings.js';
import type { AlertEvent } from '../../../fleet/fleet-events.js';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import type { Logger } from '../../../lib/log/logger.js';
import { lockFor } from '../../../lib/net/access-lock.js';
import { hostNames, isLoopback } from '../../../lib/net/browser-guard.js';
import { OperatorSessions } from '../../../lib/net/operator-sessions.js';
import { ENDED_NETWORK } from '../../../puller/ended-network.js';
import type { CommandSpec } from '../../command.js';
import { logEvent } from '../../output/event-log.js';
import { alertText, pullerText } from '../../output/puller-text.js';

export const pullerServe: CommandSpec = {
  name: 'puller serve',
  summary: 'run the puller: takes readings from the queue to sinks, and serves the fleet view and the web page',
  settings: SERVICE_FLAGS.puller,
  examples: ['wasm-sensors puller serve --queue readings --sinks store,log'],
  async action(context) {
    const { settings } = context;
    const [
      { createPullerService },
      { createPage },
      { openControls },
      { openConfiguredQueue },
      { logDefect, runService, serveUntilStopped },
    ] = await Promise.all([
      import('../../../puller/puller-service.js'),
      import('../../../web/web-page.js'),
      import('../../open-controls.js'),
      import('../../../queue/open-queue.js'),
      import('../../serve-role.js'),
    ]);
    return runService(context, async (log) => {
      const { host, token, viewerToken, open } = settings;
      if (!isLoopback(host) && token === undefined && viewerToken === undefined && !open) {
        throw new AppError('VIEWER_TOKEN_NEEDED', `listening on ${host}, anybody who reaches this machine could read`, {
          hint: 'Set WASM_SENSORS_VIEWER_TOKEN or WASM_SENSORS_TOKEN, or allow it with --open.',
        });
      }
      const lock = lockFor(settings);
      const operator = token === undefined ? undefined : new OperatorSessions(token);
      const queue = await openConfiguredQueue(settings);
      const write = (text: string) => void process.stdout.write(text);
      const has = (sink: Settings['sinks'][number]) => settings.sinks.includes(sink);
      const service = createPullerService({
        queue,
        pollers: settings.pollers,
        sinks: {
          store: has('store')
            ? {
                path: join(settings.stateDir, 'readings.db'),
                endedNetwork: join(settings.stateDir, ENDED_NETWORK),
                retentionMs: {
                  readings: settings.retention * 3_600_000,
                  minutes: settings.minuteRetention * 86_400_000,
                  hours: settings.hourRetention * 86_400_000,
                },
              }
            : undefined,
          log: has('log') ? write : undefined,
          alert: has('alert')
            ? {
                afterSeconds: settings.alertAfter,
                webhook: settings.webhook,
                onAlert: (alert) => logAlert(log, alert),
              }
            : undefined,
        },
        http: {
          page: createPage(lock, operator),
          ...{ lock, operator },
          hosts: hostNames(settings.host, settings.allowedHosts, settings.pullerUrl ? [settings.pullerUrl] : []),
          token,
          log: (text) => logDefect(log, text),
        },
        controls: (fleet, markLink) => openControls(settings, fleet, markLink),
        onEvent: (event) => logEvent(log, event, pullerText(event)),
      });
      return serveUntilStopped({
        log,
        fetch: service.app.fetch,
        host: settings.host,
        port: settings.pullerPort,
        purpose: 'puller',
        flag: '--port',
        onListening() {
          service.start();
          queue
            .check()
            .catch((error) => log.info('queue.unreachable', `the queue is not there yet: ${messageOf(error)}`));
        },
        async onClose() {
          await service.stop();
          queue.close();
        },
      });
    });
  },
};

/** What the line has already, or repeats. */
const NOT_LOGGED = new Set(['event', 'type', 'at', 'rule', 'text']);

function logAlert(log: Logger, alert: AlertEvent): void {
  const fields = Object.fromEntries(Object.entries(alert).filter(([name]) => !NOT_LOGGED.has(name)));
  const { type, firing } = alert;
  log[firing ? 'warn' : 'info'](type, `${firing ? 'alert' : 'over'}: ${alertText(alert)}`, fields);
}
