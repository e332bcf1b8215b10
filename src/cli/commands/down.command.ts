import { resolve } from 'node:path';
import { Option } from 'commander';
import { waitFor } from '../../lib/async/backoff.js';
import { signalAll, stopProcesses } from '../../lib/process/process-id.js';
import { loadProvider } from '../../network/registry.js';
import { ControlClient } from '../../runtime/control-client.js';
import { removeAllOrphans, removeNetworkData } from '../../runtime/orphans.js';
import { readRunState } from '../../runtime/run-state.js';
import { operatorToken } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';
import { quarantineState, SENSORS_RUN_ON } from '../up-and-down.js';

/** How long an `up` that was asked to stop may take, in milliseconds: proxy and puller have 25 s, then the queue. */
const UP_GRACE_MS = 75_000;

export const down: CommandSpec = {
  name: 'down',
  summary: 'stop what `up` started, also after it was killed; data stays',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [new Option('--volumes', 'remove the data that the compose network keeps, too')],
  async action({ out, settings, options }) {
    const stateDir = resolve(settings.stateDir);
    quarantineState(out, stateDir);
    const state = readRunState(stateDir);
    if (state?.alive) {
      out.progress('asking `up` to stop');
      const ask = async () => new ControlClient(state.control, operatorToken(settings)).stop();
      // Without its token, for example, it can't be asked: then it gets a signal.
      await ask().catch(() => signalAll([state.up], 'SIGTERM'));
      const gone = await waitFor(() => (readRunState(stateDir)?.alive ? undefined : true), {
        timeoutMs: UP_GRACE_MS,
        everyMs: 50,
      });
      if (!gone) await stopProcesses([state.up], 1000);
    }
    const orphans = await removeAllOrphans(stateDir);
    const ended = [...(state?.alive ? [`up (pid ${state.up.pid})`] : []), ...orphans.removed];
    const data = options.volumes ? await removeNetworkData(stateDir, state) : { removed: [], kept: [] };
    for (const text of orphans.kept) out.warn(`could not remove ${text}`);
    for (const text of data.kept) out.warn(`kept ${text}`);
    const nothing =
      orphans.kept.length > 0
        ? 'nothing was stopped'
        : state
          ? 'nothing was left running; the state is cleaned up'
          : 'nothing is running here';
    const outlive = state && (await loadProvider(state.kind)).capabilities.sensorsOutliveUp;
    const left = outlive ? SENSORS_RUN_ON : undefined;
    const kept = [...orphans.kept, ...data.kept];
    out.result({ ended, removed: data.removed, kept, ...(left ? { left } : {}) }, () =>
      [
        ended.length > 0 ? `stopped: ${ended.join(', ')}` : nothing,
        ...(data.removed.length > 0 ? [`removed: ${data.removed.join(', ')}`] : []),
        ...(left ? [left] : []),
      ].join('\n'),
    );
    return orphans.kept.length > 0 ? 1 : 0;
  },
};
