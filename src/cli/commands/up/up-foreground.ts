/** `up` in the foreground: starts everything, deploys if asked to, and stops everything when it is asked to stop. */
import { writeSync } from 'node:fs';
import { messageOf } from '../../../lib/errors/app-error.js';
import { createLogger } from '../../../lib/log/logger.js';
import { answersHttp } from '../../../lib/net/http-client.js';
import { reportReady } from '../../../lib/process/shutdown.js';
import type { Network, Submission } from '../../../network/network.js';
import { restoreReplaced } from '../../../operations/deploy/submit-in-order.js';
import { FleetClient } from '../../../puller/fleet-client.js';
import { planStack } from '../../../runtime/plan-stack.js';
import { deployNotes, deployText } from '../../output/deploy-text.js';
import { eventText, logEvent, type UpEvent } from '../../output/event-text.js';
import { NO_SENSORS_YET, SENSORS_KEEP_RUNNING, upTimeoutHint } from '../../output/up-text.js';
import { type LiveScreen, loadScreen, showsScreen } from '../../screens.js';
import { StopSignal } from '../../stop-signal.js';
import { runDeploy } from '../deploy/deploy-publisher.command.js';
import { openUpLog, type UpContext } from './up-settings.js';

/** Resolves with the exit code. */
export async function upInForeground(context: UpContext): Promise<number> {
  const { out, options, settings } = context;
  const began = Date.now();
  /** For the terminal that started this process in the background. */
  const notes: string[] = [];
  /** What these replaced is restored when this `up` does not come up: its proxy will be gone. */
  const submissions: Promise<Submission>[] = [];
  let network: Network | undefined;
  let outlive = false;
  let screen: LiveScreen | undefined;
  let stopping = false;
  const background = process.connected;
  const { logLevel: level, logFormat: format, stateDir } = settings;
  // In the background standard error is the file of the log already (`up-detached.ts`).
  const log = createLogger({ level, format, ...(background ? {} : { write: writerOf(stateDir) }) });
  const report = {
    note: (text: string) => (screen ?? out).note(text),
    progress: (text: string) => (screen ?? out).progress(text),
  };
  const show = (event: UpEvent) => {
    logEvent(log, event);
    const text = eventText(event);
    const isStep = event.type === 'child.ready' || event.type === 'network.progress';
    if (!isStep && !PASSING.has(event.type)) notes.push(text);
    if (background) return;
    if (!isStep) report.note(text);
    else if (!screen) out.progress(text);
  };
  const stop = new StopSignal();
  const { stack, provider, endpoints, proxy, token, ca } = await planStack(
    { values: settings, provenance: context.provenance },
    { registry: options.registry, emit: show, onStop: stop.request },
  );
  const fleet = new FleetClient(() => endpoints.puller, { token });

  /** The URL that sensors were given for the proxy, where nothing answers. */
  const silentProxy = async () => {
    const { proxyUrl: url } = settings;
    if (url === undefined || (await answersHttp(`${url}/health`, ca))) return undefined;
    show({ type: 'proxy.unreachable', url });
    return url;
  };
  const showScreen = async () => {
    const open = await loadScreen(out, options.plain);
    if (stopping) return;
    screen = open({
      settings,
      fleet,
      kind: settings.network,
      since: began,
      endpoints: () => ({ ...endpoints }),
      quitQuestion: outlive
        ? 'Stop proxy, puller and queue? Sensors keep running and keep their readings.'
        : 'Stop the network? Its sensors stop, and other terminals lose it.',
      onQuit: stop.request,
    });
  };
  const deploy = async (on: Network, silent: string | undefined) => {
    const onSubmit = outlive ? (submission: Promise<Submission>) => submissions.push(submission) : undefined;
    const target = { network: on, fleet, proxy, stateDir: settings.stateDir, onSubmit };
    // Lines begin with the heading. The first reading does not wait for the screen, which takes a moment to load.
    const opening = showScreen();
    if (!showsScreen(out, options.plain)) await opening;
    const deploying = runDeploy(report, target, { ...options, kept: 'soon' }, upTimeoutHint(outlive, silent));
    const [result] = await Promise.all([deploying, opening]);
    submissions.length = 0;
    notes.push(...deployNotes(result.facts));
    report.note(deployText(result));
  };
  const start = async () => {
    log.info('starting', `starting the ${settings.network} network`, { network: settings.network, pid: process.pid });
    network = await stack.start();
    outlive = provider.capabilities.sensorsOutliveUp === true;
    const silent = await silentProxy();
    if (options.deploy) await deploy(network, silent);
    else {
      await showScreen();
      report.note(NO_SENSORS_YET);
    }
    // What is asked to stop is not ready: who started it in the background would believe that it runs.
    if (stopping) return;
    log.info('ready', 'everything is ready', { ...endpoints });
    reportReady({ endpoints, notes });
  };
  const stopEverything = async () => {
    stopping = true;
    // Later lines appear on the terminal as it was before.
    const opened = screen;
    screen = undefined;
    opened?.close();
    if (opened && stop.signal.aborted) out.note(`stopping: ${outlive ? '' : 'sensors, '}proxy, puller, queue`);
    if (network) {
      // Where the deployment did not come to its end, the jobs that it replaced send to their proxies again.
      const { restored, failed } = await restoreReplaced(network, submissions);
      const names = restored.join(', ');
      if (names !== '') out.note(`restored, because \`up\` failed: ${names}; they run again as before`);
      for (const { job, reason } of failed) out.warn(`${job} was replaced and could not be restored: ${reason}`);
    }
    try {
      await stack.stop();
    } catch (error) {
      out.warn('not everything could be stopped; fix the cause, then run `wasm-sensors down` to stop the rest');
      throw error;
    } finally {
      if (outlive) out.note(SENSORS_KEEP_RUNNING);
      if (process.connected) process.disconnect();
    }
  };

  try {
    const started = start();
    const reason = await Promise.race([stop.requested, started.then(() => stop.requested)]);
    log.info('stopping', `asked to stop: ${reason}`, { reason });
  } catch (error) {
    log.error('failed', messageOf(error));
    // The error of the start matters more than one of stopping.
    await stopEverything().catch((second) => out.note(messageOf(second)));
    throw error;
  }
  await stopEverything();
  return stop.exitCode;
}

/** Ports that moved are in the addresses, and processes that exited are running again. */
const PASSING = new Set<UpEvent['type']>([
  'child.slow',
  'child.hung',
  'child.exited',
  'child.restarted',
  'change.lost',
  'network.port-moved',
]);

/** Writes lines of the log of `up`. */
function writerOf(stateDir: string): (line: string) => void {
  let fd: number | undefined;
  return (line) => {
    try {
      fd ??= openUpLog(stateDir).fd;
      writeSync(fd, line);
    } catch {
      // A full disk must not stop what runs; the terminal shows the same.
    }
  };
}
