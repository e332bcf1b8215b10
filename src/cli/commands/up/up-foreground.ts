/** `up` in the foreground: starts everything, deploys if asked to, and stops everything when it is asked to stop. */
import { messageOf } from '../../../lib/errors/app-error.js';
import { answersHttp } from '../../../lib/net/http-client.js';
import { reportReady } from '../../../lib/process/shutdown.js';
import type { Network, Submission } from '../../../network/network.js';
import { ReplacedJobs } from '../../../operations/deploy/replaced-jobs.js';
import { FleetClient } from '../../../puller/fleet-client.js';
import { planStack } from '../../../runtime/plan-stack.js';
import { deployNotes, deployText, notRestoredText, restoredText } from '../../output/deploy-text.js';
import { eventText, logEvent, type UpEvent } from '../../output/event-text.js';
import type { Output } from '../../output/output.js';
import {
  NO_SENSORS_YET,
  quitQuestion,
  SENSORS_KEEP_RUNNING,
  STOP_INCOMPLETE,
  stoppingText,
  upTimeoutHint,
} from '../../output/up-text.js';
import { loadScreen, type Screen, showsScreen } from '../../screens.js';
import { StopSignal } from '../../stop-signal.js';
import { askForPublishers, runDeploy } from '../deploy/deploy-publisher.command.js';
import { openUpLog } from './up-log.js';
import { askedFor, type UpContext } from './up-settings.js';

/** Resolves with the exit code. */
export async function upInForeground(context: UpContext): Promise<number> {
  const { out, options, settings } = context;
  const began = Date.now();
  /** For the terminal that started this process in the background. */
  const notes: string[] = [];
  let outlive = false;
  let screen: Screen | undefined;
  let replaced: ReplacedJobs | undefined;
  const background = process.connected;
  const log = openUpLog(settings, background);
  let stopping = false;
  /** For a screen that opens meanwhile. */
  let waitingFor = '';
  const report = {
    note(text: string) {
      waitingFor = '';
      (screen ?? out).note(text);
    },
    progress(text: string) {
      waitingFor = text;
      (screen ?? out).progress(text);
    },
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
  const planned = await planStack({
    settings: { values: settings, provenance: context.provenance },
    registry: options.registry,
    asked: askedFor(settings, options.registry),
    emit: show,
    onStop: stop.request,
  });
  const { stack, provider, endpoints, proxy, token, ca } = planned;
  const fleet = new FleetClient(() => endpoints.puller, { token });

  /** The URL that sensors were given for the proxy, where nothing answers. */
  const silentProxy = async () => {
    const { proxyUrl: url } = settings;
    if (url === undefined || (await answersHttp(`${url}/health`, ca))) return undefined;
    show({ type: 'proxy.unreachable', url });
    return url;
  };
  const deploy = async (network: Network, silent: string | undefined) => {
    const takeOver = await askForPublishers(out, network, options);
    if (outlive) replaced = new ReplacedJobs(network);
    const onSubmit = (submission: Promise<Submission>) => replaced?.add(submission);
    const target = { network, fleet, proxy, stateDir: settings.stateDir, onSubmit };
    // Lines begin with the heading. The first reading does not wait for the screen, which takes a moment to load.
    const opening = showScreen();
    if (!showsScreen(out, options.plain)) await opening;
    const deploying = runDeploy(report, target, { ...options, takeOver }, upTimeoutHint(outlive, silent));
    const [result] = await Promise.all([deploying, opening]);
    replaced?.keep();
    notes.push(...deployNotes(result.facts));
    report.note(deployText(result));
  };
  const showScreen = async () => {
    const open = await loadScreen(out, options.plain);
    if (stopping) return;
    screen = open({
      settings,
      fleet,
      kind: settings.network,
      since: began,
      attached: false,
      endpoints: () => ({ ...endpoints }),
      quitQuestion: quitQuestion(outlive),
      onQuit: stop.request,
    });
    if (waitingFor !== '') screen.progress(waitingFor);
  };
  const start = async () => {
    log.info('starting', `starting the ${settings.network} network`, { network: settings.network, pid: process.pid });
    const network = await stack.start();
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
  /** Later lines appear on the terminal as it was before; false when there was no screen yet. */
  const closeScreen = () => {
    stopping = true;
    const opened = screen;
    screen = undefined;
    opened?.close();
    return opened !== undefined;
  };
  const stopEverything = async () => {
    closeScreen();
    await restore(out, replaced);
    try {
      await stack.stop();
    } catch (error) {
      out.warn(STOP_INCOMPLETE);
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
    if (closeScreen()) out.note(stoppingText(outlive));
  } catch (error) {
    log.error('failed', messageOf(error));
    // The error of the start matters more than one of stopping.
    await stopEverything().catch((second) => out.note(messageOf(second)));
    throw error;
  }
  await stopEverything();
  return stop.exitCode;
}

/** Where the deployment did not come to its end, the jobs that it replaced send to their proxies again. */
async function restore(out: Output, replaced: ReplacedJobs | undefined): Promise<void> {
  if (!replaced) return;
  const { restored, failed } = await replaced.restore();
  if (restored.length > 0) out.note(restoredText(restored));
  for (const failure of failed) out.warn(notRestoredText(failure));
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
