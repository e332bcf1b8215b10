import { resolve } from 'node:path';
import { Option } from 'commander';
import { waitFor } from '../../lib/backoff.js';
import { endProcesses, signalAll } from '../../lib/processes.js';
import { ControlClient } from '../../network/control.js';
import { leftRunning } from '../../network/left-running.js';
import { readRunState } from '../../network/run-state.js';
import { cleanUp } from '../../network/stack.js';
import type { CommandSpec } from '../command.js';
import { setStateAside } from '../damaged-state.js';
import { operatorToken } from '../session.js';

/** How long an `up` that was asked to end may take, in milliseconds: proxy and puller have 25 s, then the queue. */
const UP_GRACE_MS = 75_000;

export const down: CommandSpec = {
  name: 'down',
  summary: 'end what `up` started, also after it was killed; data stays',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [new Option('--volumes', 'remove the data that the compose network keeps, too')],
  async action({ out, settings, options }) {
    const stateDir = resolve(settings.stateDir);
    setStateAside(out, stateDir);
    const state = readRunState(stateDir);
    const removeData = async () => {
      if (!options.volumes) return [];
      const { removeVolumes } = await import('../../network/compose/leftovers.js');
      return removeVolumes(stateDir);
    };
    if (!state) {
      const removed = await removeData();
      out.result({ ended: [], removed }, () => ['nothing is running here', ...removedText(removed)].join('\n'));
      return 0;
    }
    if (state.alive) {
      out.progress('asking `up` to end');
      const ask = async () => new ControlClient(state.control, operatorToken(settings)).stop();
      // Where it can't be asked, such as without its token, it is told as by Ctrl-C.
      await ask().catch(() => signalAll([state.up], 'SIGTERM'));
      const gone = await waitFor(() => (readRunState(stateDir)?.alive ? undefined : true), {
        timeoutMs: UP_GRACE_MS,
        everyMs: 50,
      });
      if (!gone) await endProcesses([state.up], 1000);
    }
    const orphans = await cleanUp(stateDir);
    const ended = state.alive ? [`up (pid ${state.up.pid})`, ...orphans] : orphans;
    const removed = await removeData();
    const left = leftRunning(state.network);
    out.result({ ended, removed, ...(left ? { left } : {}) }, () =>
      [
        ended.length > 0 ? `ended: ${ended.join(', ')}` : 'nothing was left running; the state is cleaned up',
        ...removedText(removed),
        ...(left ? [left] : []),
      ].join('\n'),
    );
    return 0;
  },
};

const removedText = (volumes: string[]) => (volumes.length > 0 ? [`removed: ${volumes.join(', ')}`] : []);
