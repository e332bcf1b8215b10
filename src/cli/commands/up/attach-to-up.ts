/** A second `up` in the same folder: deploys if asked to, and shows the readings until Ctrl-C. */
import { AppError } from '../../../lib/errors/app-error.js';
import { openSession } from '../../../runtime/session.js';
import { askTakeOver } from '../../confirm.js';
import { deployText } from '../../output/deploy-text.js';
import { loadScreen } from '../../screens.js';
import { StopSignal } from '../../stop-signal.js';
import { openDeployTarget } from '../../targets.js';
import { runDeploy } from '../deploy/deploy-publisher.command.js';
import { flagsWithoutEffect, type UpContext } from './up-settings.js';

/** Resolves with the exit code. Rejects with `ALREADY_UP` where another kind of network was asked for. */
export async function attachToUp(context: UpContext): Promise<number> {
  const { out, settings, provenance, options } = context;
  const session = openSession(settings);
  const { state, fleet } = session;
  if (provenance.network.source !== 'default' && settings.network !== state.kind) {
    throw new AppError('ALREADY_UP', `\`up\` is already running here with the ${state.kind} network`, {
      hint: 'Run `wasm-sensors down` first, or use another folder.',
    });
  }
  const pid = `Already running (pid ${state.up.pid})`;
  if (!options.deploy) out.note(`${pid}; attaching`);
  else out.note(`${pid}: attaching; --deploy submits the publisher again, which replaces the sensors`);
  const flags = flagsWithoutEffect(context).join(', ');
  if (flags !== '') out.warn(`${flags}: \`up\` runs as it was started; run \`wasm-sensors down\` first to change it`);
  const { kind, endpoints } = state;
  const target = options.deploy ? await openDeployTarget(session, settings) : undefined;
  const takeOver = target && (await askTakeOver(out, options.takeOver, target.network, { role: 'publisher' }));
  const stop = new StopSignal();
  const screen = options.detach
    ? undefined
    : (await loadScreen(out, options.plain))({
        settings,
        kind,
        fleet,
        since: Date.now(),
        attached: true,
        endpoints: () => ({ ...endpoints }),
        onQuit: stop.request,
      });
  try {
    if (target) {
      const result = await runDeploy(screen ?? out, target, { ...options, takeOver: takeOver === true, kept: 'soon' });
      (screen ?? out).note(deployText(result));
    }
    if (screen) await stop.requested;
    return stop.exitCode;
  } finally {
    screen?.close();
  }
}
