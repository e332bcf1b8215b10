import { spawn } from 'node:child_process';
import { AppError } from '../../lib/errors/app-error.js';
import { openSession } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';

export const shell: CommandSpec = {
  name: 'shell [command...]',
  summary: 'a shell in the client container, with `bacalhau` set to the orchestrator (compose network)',
  settings: ['stateDir'],
  passThrough: true,
  examples: ['wasm-sensors shell', "wasm-sensors shell bacalhau job run -V color='#fefefe' jobs/config-updater.yaml"],
  async action({ settings, args }) {
    const { state } = openSession(settings);
    if (state.network !== 'compose') {
      throw new AppError('NOT_OFFERED', 'user', `the ${state.network} network has no client container`, {
        hint: 'Use your own `bacalhau` with the API address that `wasm-sensors status` shows.',
      });
    }
    const [{ composeFactsSchema }, { clientContainer }] = await Promise.all([
      import('../../network/compose/compose-connection.js'),
      import('../../network/compose/client-container.js'),
    ]);
    const { project } = composeFactsSchema.parse(state.facts);
    const tty = process.stdin.isTTY && process.stdout.isTTY ? ['-it'] : ['-i'];
    const command = args.length > 0 ? args : ['bash'];
    const child = spawn('docker', ['exec', ...tty, clientContainer(project), ...command], { stdio: 'inherit' });
    // A Ctrl-C belongs to what runs in there.
    process.on('SIGINT', () => {});
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  },
};
