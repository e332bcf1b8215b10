/** A second `up` in the same folder: says who runs, deploys if asked to, and shows the readings until Ctrl-C. */
import { AppError } from '../core/errors.js';
import { stopRequested } from '../lib/shutdown.js';
import type { CommandContext } from './command.js';
import { deployText, runDeploy } from './commands/deploy-publisher.js';
import { targetOf } from './config-target.js';
import { openSession } from './session.js';
import { openScreen } from './up-screen.js';

export async function joinRunning({ out, settings, provenance, options }: CommandContext): Promise<number> {
  const session = openSession(settings);
  const { state, fleet } = session;
  if (provenance.network.source !== 'default' && settings.network !== state.network) {
    throw new AppError('ALREADY_UP', 'user', `\`up\` runs already here with the ${state.network} network`, {
      hint: 'End it with `wasm-sensors down` first, or use another folder.',
    });
  }
  out.note(`\`up\` runs already here (pid ${state.up.pid}, ${state.network} network); joining it`);
  const screen = options.detach
    ? undefined
    : openScreen(out, { kind: state.network, endpoints: { ...state.endpoints }, fleet, since: Date.now() });
  try {
    if (options.deploy) {
      const text = deployText(
        await runDeploy(
          screen ?? out,
          {
            network: await session.network(),
            fleet,
            proxy: targetOf(session, settings).proxies[0]!,
            stateDir: settings.stateDir,
          },
          options,
        ),
      );
      screen ? screen.note(text) : out.note(text);
    }
    if (!screen) return 0;
    await stopRequested({ supervised: false });
    return 130;
  } finally {
    screen?.close();
  }
}
