import { AppError } from '../../../lib/errors/app-error.js';
import { openFleet, openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { isScreen, loadScreen } from '../../screens.js';
import { StopSignal } from '../../stop-signal.js';
import { TARGET_SETTINGS } from '../../targets.js';

export const top = command({
  name: 'top',
  modes: [],
  summary: 'the full-screen view of `up` in another terminal: fleet, sensors, readings, alerts; q leaves it',
  settings: TARGET_SETTINGS,
  examples: ['wasm-sensors top', 'wasm-sensors top --puller-url http://10.0.0.5:9091'],
  async action({ out, settings }) {
    if (!isScreen()) {
      const why = process.stdout.isTTY ? 'this terminal can only print lines (TERM=dumb)' : 'stdout is not a terminal';
      throw new AppError('NO_TERMINAL', `\`top\` draws a full screen, and ${why}`, {
        hint: 'Use `wasm-sensors tail` for lines, or `wasm-sensors status --watch`.',
      });
    }
    // Another machine's puller needs no `up` here.
    const state = settings.pullerUrl === undefined ? openSession(settings).state : undefined;
    const fleet = openFleet(settings);
    await fleet.summary();
    const open = await loadScreen(out);
    const stop = new StopSignal();
    const screen = open({
      settings,
      fleet,
      kind: state?.kind ?? '',
      since: Date.now(),
      onQuit: stop.request,
      endpoints: () => ({ ...(state?.endpoints ?? { puller: settings.pullerUrl! }) }),
    });
    try {
      await stop.requested;
      return stop.exitCode;
    } finally {
      screen.close();
    }
  },
});
