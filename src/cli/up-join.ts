/** A second `up` in the same folder: attaches to the first, deploys if asked to, and shows readings until Ctrl-C. */
import { AppError } from '../lib/errors/app-error.js';
import { stopRequested } from '../lib/process/shutdown.js';
import { openSession } from '../runtime/session.js';
import type { CommandContext } from './command.js';
import { deployText, runDeploy } from './commands/deploy/deploy-publisher.command.js';
import { targetOf } from './config-target.js';
import { openScreen } from './up-screen.js';
import { differences } from './up-settings.js';

export async function joinRunning(context: CommandContext): Promise<number> {
  const { out, settings, provenance, options } = context;
  const session = openSession(settings);
  const { state, fleet } = session;
  if (provenance.network.source !== 'default' && settings.network !== state.kind) {
    throw new AppError('ALREADY_UP', 'user', `\`up\` already runs here with the ${state.kind} network`, {
      hint: 'Stop it with `wasm-sensors down` first, or use another folder.',
    });
  }
  out.note(`Already running (pid ${state.up.pid}, ${state.kind} network); attaching`);
  for (const text of differences(context, state)) {
    out.warn(`${text}: this can't change while it runs; run \`wasm-sensors down\` first`);
  }
  const screen = options.detach
    ? undefined
    : openScreen(out, { kind: state.kind, endpoints: { ...state.endpoints }, fleet, since: Date.now() });
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
