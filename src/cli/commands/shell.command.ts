import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AppError } from '../../lib/errors/app-error.js';
import { openSession } from '../../runtime/session.js';
import { command } from '../command.js';

export const shell = command({
  name: 'shell [command...]',
  modes: [],
  summary: 'open a shell in the client container, where `bacalhau` talks to the orchestrator (compose network)',
  passThrough: true,
  examples: ['wasm-sensors shell', "wasm-sensors shell bacalhau job run -V color='#fefefe' jobs/config-updater.yaml"],
  async action({ settings, args }) {
    const { provider, connection } = await openSession(settings).provider();
    if (!provider.shell) {
      throw new AppError('NOT_OFFERED', `the ${provider.kind} network has no client container`, {
        hint: 'Use your own `bacalhau` with the API address that `wasm-sensors status` shows.',
      });
    }
    const tty = process.stdin.isTTY && process.stdout.isTTY;
    const { program, args: words } = provider.shell(connection, { command: args.command, tty });
    const child = spawn(program, words, { stdio: 'inherit' });
    // A Ctrl-C is for the program in the container.
    process.on('SIGINT', () => {});
    const [code] = await once(child, 'exit');
    return code ?? 1;
  },
});
