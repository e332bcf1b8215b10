/** What checks of `doctor` look at, in a folder of the test's own. */
import { onTestFinished } from 'vitest';
import { loadSettings } from '../../config/load-settings.js';
import type { SettingKey } from '../../config/settings.js';
import { type Check, type Finding, runCheck } from '../../doctor/check.js';
import { openContext } from '../../doctor/check-context.js';

/** What a check finds; `folder`: where `.env` and `wasm-sensors.yaml` would be. */
export async function findingsOf(
  check: Check,
  folder: string,
  flags: Partial<Record<SettingKey, unknown>> = {},
): Promise<Finding[]> {
  const context = await openContext(loadSettings({ stateDir: `${folder}/.wasm-sensors`, ...flags }, folder, {}));
  onTestFinished(() => context.close());
  return runCheck(check, context);
}
