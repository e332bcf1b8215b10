/** A second `up` in the same folder: deploys if asked to, and shows the readings until Ctrl-C. */
import { AppError } from '../../../lib/errors/app-error.js';
import { exitCodeOf, stopRequested } from '../../../lib/process/shutdown.js';
import { openSession } from '../../../runtime/session.js';
import { askTakeOver } from '../../ask-take-over.js';
import type { CommandContext } from '../../command.js';
import { targetOf } from '../../open-config-target.js';
import { loadScreen } from '../../open-screen.js';
import { deployText } from '../../output/deploy-text.js';
import { attachingText, differenceText } from '../../output/up-text.js';
import { runDeploy } from '../deploy/deploy-publisher.command.js';
import { differences } from './up-settings.js';

/** Resolves with the exit code. Rejects with `ALREADY_UP` where another kind of network was asked for. */
export async function attachToUp(context: CommandContext): Promise<number> {
  const { out, settings, provenance, options } = context;
  const session = openSession(settings);
  const { state, fleet } = session;
  if (provenance.network.source !== 'default' && settings.network !== state.kind) {
    throw new AppError('ALREADY_UP', `\`up\` is already running here with the ${state.kind} network`, {
      hint: 'Run `wasm-sensors down` first, or use another folder.',
    });
  }
  out.note(attachingText(state, options.deploy === true));
  for (const difference of differences(context, state)) out.warn(differenceText(difference));
  const { kind, endpoints } = state;
  const network = options.deploy ? await session.network() : undefined;
  const takeOver = network && (await askTakeOver(out, network, options));
  let quit = () => {};
  const hasQuit = new Promise<number>((resolve) => {
    quit = () => resolve(0);
  });
  const screen = options.detach
    ? undefined
    : (await loadScreen(out, options))({
        ...{ settings, kind, fleet, since: Date.now(), attached: true },
        endpoints: () => ({ ...endpoints }),
        onQuit: quit,
      });
  try {
    if (network) {
      const { proxies } = targetOf(session, settings);
      const target = { network, fleet, proxy: proxies[0]!, stateDir: settings.stateDir };
      const result = await runDeploy(screen ?? out, target, { ...options, takeOver });
      (screen ?? out).note(deployText(result));
    }
    if (!screen) return 0;
    return await Promise.race([hasQuit, stopRequested({ supervised: false }).then(exitCodeOf)]);
  } finally {
    screen?.close();
  }
}
