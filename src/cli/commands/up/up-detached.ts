/** `up --detach`: the same `up` as a background process; returns when it is ready. A signal before that stops both. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { AppError } from '../../../lib/errors/app-error.js';
import { parseLogLine } from '../../../lib/log/log-line.js';
import { lastLines } from '../../../lib/process/log-file.js';
import { selfCommand } from '../../../lib/process/self-command.js';
import { exitCodeOf, stopRequested } from '../../../lib/process/shutdown.js';
import type { CommandContext } from '../../command.js';
import { withCommandName } from '../../output/command-name.js';
import { endpointLines } from '../../output/up-text.js';
import { openUpLog } from './up-settings.js';

/** `notes`: what happened on the way. */
type Ready = { endpoints: Record<string, string>; notes: string[] };

/** Resolves with the exit code. */
export async function upDetached({ out, settings }: Pick<CommandContext, 'out' | 'settings'>): Promise<number> {
  const { file, fd: log, from } = openUpLog(settings.stateDir);
  const { command, args } = selfCommand(process.argv.slice(2).filter((arg) => arg !== '-d' && arg !== '--detach'));
  out.progress('starting in the background');
  const stop = stopRequested({ supervised: false });
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  // Null when a signal killed it, or when it never started.
  const exit: Promise<{ code: number | null }> = once(child, 'exit').then(
    ([code]) => ({ code }),
    () => ({ code: null }),
  );
  const ready = new Promise<Ready>((resolve) => {
    child.on('message', (message: { ready?: Ready }) => message.ready && resolve(message.ready));
  });
  const outcome = await Promise.race([stop, ready, exit]);
  if (typeof outcome === 'string') {
    out.progress('stopping');
    child.kill('SIGTERM');
    // It exits with 1 when it could not stop everything.
    if ((await exit).code === 1) throw upFailed('`up` did not stop everything', { file, from });
    out.endProgress();
    return exitCodeOf(outcome);
  }
  if ('code' in outcome) throw upFailed('`up` did not start', { file, from }, outcome.code);
  child.disconnect();
  child.unref();
  const { endpoints, notes } = outcome;
  out.endProgress();
  for (const note of notes) out.note(note);
  const { pid } = child;
  out.event({ event: 'up', pid, endpoints }, () => {
    const heading = withCommandName(`up runs in the background (pid ${pid}); \`wasm-sensors down\` stops it`);
    return [heading, ...endpointLines(endpoints, settings.host)].join('\n');
  });
  return 0;
}

function upFailed(message: string, log: { file: string; from: number }, code: number | null = 1): AppError {
  const details = lastLines(log.file, 8, log.from).map((line) => parseLogLine(line, 0).text);
  const options = { hint: `Its log is ${log.file}.`, details };
  return code === 2 ? new AppError('UP_REFUSED', message, options) : new AppError('UP_FAILED', message, options);
}
