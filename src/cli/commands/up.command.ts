import { resolve } from 'node:path';
import { Option } from 'commander';
import { messageOf, usageError } from '../../lib/errors/app-error.js';
import { exitCodeOf, reportReady, type StopReason, stopRequested } from '../../lib/process/shutdown.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { removeOrphans } from '../../runtime/orphans.js';
import { planStack } from '../../runtime/plan-stack.js';
import { readRunState } from '../../runtime/run-state.js';
import type { CommandContext, CommandSpec } from '../command.js';
import { noteOf, progressOf } from '../output/event-text.js';
import { timeoutOption } from '../sensor-options.js';
import { quarantineState, SENSORS_RUN_ON } from '../up-and-down.js';
import { upDetached } from '../up-detached.js';
import { joinRunning } from '../up-join.js';
import { openScreen, type Screen } from '../up-screen.js';
import { askedFor, UP_SETTINGS } from '../up-settings.js';
import { checkDeployOptions, deployText, publisherOptions, runDeploy } from './deploy/deploy-publisher.command.js';

export const up: CommandSpec = {
  name: 'up',
  summary: 'start the network with its queue, proxy and puller, and show what happens; Ctrl-C stops it all',
  settings: UP_SETTINGS,
  modes: ['text', 'ndjson'],
  options: [
    new Option('--deploy', 'deploy the publisher to every edge node'),
    ...publisherOptions(),
    new Option('-d, --detach', 'return when everything is ready, and run on in the background'),
    new Option('--registry', 'run a registry, too, for images that were built here (compose network)'),
    timeoutOption(60),
  ],
  examples: [
    'wasm-sensors up --deploy',
    'wasm-sensors up --network native --nodes 2 --deploy --interval 1',
    'wasm-sensors up -d --deploy && wasm-sensors tail',
  ],
  async action(context) {
    const { settings, options } = context;
    if (options.deploy) checkDeployOptions(options);
    else refuseSensorOptions(options);
    const stateDir = resolve(settings.stateDir);
    quarantineState(context.out, stateDir);
    if (readRunState(stateDir)?.alive) return joinRunning(context);
    const orphans = await removeOrphans(stateDir);
    for (const name of orphans.removed) context.out.note(`stopped ${name}, left behind by a killed \`up\``);
    for (const text of orphans.kept) context.out.warn(`could not remove ${text}`);
    if (options.detach) return upDetached(context);
    return runForeground(context);
  },
};

/** Throws `BAD_OPTION` for options that would have no effect. */
function refuseSensorOptions(options: Record<string, unknown>): void {
  const given = publisherOptions().filter((option) => options[option.attributeName()] !== undefined);
  if (given.length === 0) return;
  const names = given.map(({ long }) => long).join(', ');
  throw usageError('BAD_OPTION', `${names}: no sensor is deployed without --deploy`, 'Add --deploy, or leave it out.');
}

const stoppedHint = (left: string | undefined) =>
  `${left ? 'The proxy and the puller were' : 'Everything was'} stopped. ${LONGER}`;
const LONGER = 'Give it longer with --timeout, or run `up` without --deploy, `deploy publisher` and `status`.';

async function runForeground(context: CommandContext): Promise<number> {
  const { out, options, settings } = context;
  const began = Date.now();
  let left: string | undefined;
  const notes: string[] = [];
  let stopFromElsewhere: (reason: 'down') => void = () => {};
  const stop: Promise<StopReason | 'down'> = Promise.race([
    stopRequested({ supervised: false }),
    new Promise<'down'>((resolve) => (stopFromElsewhere = resolve)),
  ]);
  let screen: Screen | undefined;
  const planned = await planStack({
    settings: { values: settings, provenance: context.provenance },
    registry: options.registry === true,
    asked: askedFor(context),
    emit(event) {
      const note = noteOf(event);
      if (event.type === 'network.note') notes.push(event.text);
      if (note !== undefined) screen ? screen.note(note) : out.note(note);
      const progress = progressOf(event);
      if (progress !== undefined && !screen) out.progress(progress);
    },
    onStop: () => stopFromElsewhere('down'),
  });
  const fleet = new FleetClient(() => planned.endpoints.puller);
  const untilStopped = async (): Promise<StopReason | 'down'> => {
    const work = (async () => {
      const network = await planned.stack.start();
      left = planned.provider.capabilities.sensorsOutliveUp && SENSORS_RUN_ON;
      screen = openScreen(out, { kind: settings.network, endpoints: planned.endpoints, fleet, since: began });
      if (options.deploy) {
        const target = { network, fleet, proxy: planned.proxy, stateDir: settings.stateDir };
        const result = await runDeploy(screen, target, options, stoppedHint(left));
        notes.push(...result.notes);
        screen.note(deployText(result));
      } else screen.note('no sensors yet: run `wasm-sensors deploy publisher` in another terminal');
      reportReady({ endpoints: planned.endpoints, notes });
    })();
    work.catch(() => {});
    const reason = await Promise.race([stop, work.then(() => stop)]);
    screen?.note(`stopping: ${left ? '' : 'sensors, '}proxy, puller, queue`);
    return reason;
  };
  const end = async () => {
    screen?.close();
    // Later notes go below its last picture.
    screen = undefined;
    try {
      await planned.stack.stop();
    } catch (error) {
      out.warn('not everything could be stopped: fix the cause, then run `wasm-sensors down`');
      throw error;
    } finally {
      if (left) out.note(left);
      if (process.connected) process.disconnect();
    }
  };
  let reason: StopReason | 'down';
  try {
    reason = await untilStopped();
  } catch (error) {
    // The first failure says more than one that follows it.
    await end().catch((second) => out.note(messageOf(second)));
    throw error;
  }
  await end();
  return reason === 'down' ? 0 : exitCodeOf(reason);
}
