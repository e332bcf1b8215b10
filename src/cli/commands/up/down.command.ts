import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../../config/settings.js';
import { waitFor } from '../../../lib/async/backoff.js';
import { signalAll, stopProcesses } from '../../../lib/process/process-id.js';
import { loadProvider } from '../../../network/registry.js';
import { keptIn } from '../../../operations/kept-readings.js';
import { controlClient } from '../../../runtime/control-client.js';
import { removeNetworkData, removeOrphans } from '../../../runtime/orphans.js';
import { quarantineDamagedState, type RunState, readRunState } from '../../../runtime/run-state.js';
import { openFleet, operatorToken } from '../../../runtime/session.js';
import { findUpAndChildren } from '../../../runtime/up-children.js';
import { command } from '../../command.js';
import { confirmGivenUp } from '../../confirm.js';
import * as option from '../../options.js';
import type { Output } from '../../output/output.js';
import { keptText, quarantinedText, SENSORS_KEEP_RUNNING } from '../../output/up-text.js';

export const down = command({
  name: 'down',
  summary: 'stop what `up` started, also after it was killed; data is kept',
  options: {
    volumes: option.flag('--volumes', 'also remove the data that the compose network keeps'),
    yes: option.yes(),
  },
  async action({ out, settings, options }) {
    const stateDir = resolve(settings.stateDir);
    const quarantined = quarantineDamagedState(stateDir);
    if (quarantined !== undefined) out.warn(quarantinedText(quarantined));
    const state = readRunState(stateDir);
    const provider = state && (await loadProvider(state.kind));
    if (state?.alive) {
      if (!provider?.capabilities.sensorsOutliveUp) await confirmKept(out, settings, options.yes);
      out.progress('stopping `up`');
      await stopUp(state, settings);
    }
    const { up } = state?.alive ? { up: undefined } : findUpAndChildren(stateDir);
    if (up) {
      out.progress('stopping `up`');
      await stopProcesses([up], UP_GRACE_MS);
    }
    const stopped = state?.alive ? state.up : up;
    const orphans = await removeOrphans(stateDir, { everyKind: true });
    const data = options.volumes ? await removeNetworkData(stateDir) : { removed: [], kept: [] };
    for (const text of orphans.kept) out.warn(keptText(text));
    for (const text of data.kept) out.warn(`kept ${text}`);
    const ended = [...(stopped ? [`up (pid ${stopped.pid})`] : []), ...orphans.removed];
    const { removed } = data;
    const nothing = state ? 'nothing was left running; the state is cleaned up' : 'nothing is running here';
    const left = provider?.capabilities.sensorsOutliveUp ? [SENSORS_KEEP_RUNNING] : [];
    const kept = [...orphans.kept, ...data.kept];
    out.result({ ended, removed, kept, ...(left.length > 0 ? { left: SENSORS_KEEP_RUNNING } : {}) }, () => {
      const none = orphans.kept.length > 0 ? 'nothing was stopped' : nothing;
      const lines = [ended.length > 0 ? `stopped: ${ended.join(', ')}` : none];
      if (removed.length > 0) lines.push(`removed: ${removed.join(', ')}`);
      else if (options.volumes) lines.push('no compose network of this folder has left data');
      return [...lines, ...left].join('\n');
    });
    return orphans.kept.length > 0 ? 1 : 0;
  },
});

/** What sensors keep goes with them. A puller that can't be asked, or does not answer soon, keeps nobody from stopping. */
async function confirmKept(out: Output, settings: Settings, yes: boolean): Promise<void> {
  const kept = async () => keptIn(openFleet({ ...settings, pullerUrl: undefined }, 0));
  const known = await Promise.race([kept().catch(() => undefined), sleep(ANSWER_MS, undefined, { ref: false })]);
  if (known) await confirmGivenUp(out, known, yes);
}
const ANSWER_MS = 2000;

/** How long `up` may take to stop, in milliseconds: proxy and puller have 25 s, then the queue. */
const UP_GRACE_MS = 75_000;

/** Asks `up` to stop; sends a signal where that fails, such as without its token. */
async function stopUp({ control, up }: RunState, settings: Settings): Promise<void> {
  try {
    await controlClient(control, operatorToken(settings)).stop();
  } catch {
    signalAll([up], 'SIGTERM');
  }
  const stateDir = resolve(settings.stateDir);
  // `run.json` goes some moments before its process.
  const gone = () => (!readRunState(stateDir)?.alive && !findUpAndChildren(stateDir).up) || undefined;
  if (!(await waitFor(gone, { timeoutMs: UP_GRACE_MS, everyMs: 50 }))) await stopProcesses([up], 1000);
}
