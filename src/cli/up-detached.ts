/** `up --detach`: the same `up` as a background process; returns when it is ready. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppError } from '../core/errors.js';
import { lastLines } from '../lib/log-file.js';
import { selfCommand } from '../lib/self.js';
import type { CommandContext } from './command.js';

export async function upDetached({ out, settings }: CommandContext): Promise<number> {
  const dir = join(resolve(settings.stateDir), 'logs');
  const file = join(dir, 'up.log');
  mkdirSync(dir, { recursive: true });
  const log = openSync(file, 'w', 0o600);
  const { command, args } = selfCommand(process.argv.slice(2).filter((arg) => arg !== '-d' && arg !== '--detach'));
  out.progress('starting in the background');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const first = await firstWord(child);
  if ('code' in first) {
    const usage = first.code === 2;
    throw new AppError('UP_FAILED', usage ? 'user' : 'system', '`up` did not come up', {
      hint: `Its log is ${file}.`,
      details: lastLines(file, 8),
      exitCode: usage ? 2 : 1,
    });
  }
  child.disconnect();
  child.unref();
  const { endpoints, notes } = first;
  const lines = Object.entries(endpoints).map(([name, url]) => `${name.padEnd(7)} ${url}`);
  out.settle();
  for (const note of notes) out.note(note);
  out.event({ event: 'up', pid: child.pid, endpoints }, () =>
    [`up runs in the background (pid ${child.pid}); \`wasm-sensors down\` ends it`, ...lines].join('\n'),
  );
  return 0;
}

interface Ready {
  endpoints: Record<string, string>;
  /** What happened on the way. */
  notes: string[];
}

/** What it reports when it is ready; its exit code when it ended before, null where it has none. */
function firstWord(child: ChildProcess): Promise<Ready | { code: number | null }> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve((message as { ready: Ready }).ready));
    child.once('exit', (code) => resolve({ code }));
    child.once('error', () => resolve({ code: null }));
  });
}
