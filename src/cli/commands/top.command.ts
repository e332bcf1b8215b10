import { AppError } from '../../lib/errors/app-error.js';
import { exitCodeOf, stopRequested } from '../../lib/process/shutdown.js';
import { openFleet, openSession } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';
import { TARGET_SETTINGS } from '../open-config-target.js';
import { isScreen, loadScreen } from '../open-screen.js';

export const top: CommandSpec = {
  name: 'top',
  summary: 'the full-screen view of `up` in another terminal: fleet, sensors, readings, alerts, services; q leaves it',
  settings: TARGET_SETTINGS,
  examples: ['wasm-sensors top', 'wasm-sensors top --puller-url http://10.0.0.5:9091'],
  async action({ out, settings }) {
    if (!isScreen()) {
      throw new AppError('NO_TERMINAL', '`top` draws a full screen, and stdout is not a terminal', {
        hint: 'Use `wasm-sensors tail` for lines, or `wasm-sensors status --watch`.',
      });
    }
    // Another machine's puller needs no `up` here.
    const state = settings.pullerUrl === undefined ? openSession(settings).state : undefined;
    const fleet = openFleet(settings);
    await fleet.summary();
    const open = await loadScreen(out, {});
    let quit = () => {};
    const hasQuit = new Promise<number>((resolve) => {
      quit = () => resolve(0);
    });
    const screen = open({
      ...{ settings, fleet, kind: state?.kind ?? '', since: Date.now(), attached: true, onQuit: quit },
      endpoints: () => ({ ...(state?.endpoints ?? { puller: settings.pullerUrl! }) }),
    });
    try {
      return await Promise.race([hasQuit, stopRequested({ supervised: false }).then(exitCodeOf)]);
    } finally {
      screen.close();
    }
  },
};
