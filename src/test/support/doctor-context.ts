/** What checks of `doctor` look at, in a folder of the test's own. */
import { onTestFinished } from 'vitest';
import { loadSettings } from '../../config/load-settings.js';
import type { SettingKey } from '../../config/settings.js';
import { type Finding, type Part, runPart } from '../../doctor/check.js';
import { openContext } from '../../doctor/check-context.js';

/** What a part of a check finds; `folder`: where `.env` and `wasm-sensors.yaml` would be. */
export async function findingsOf(
  part: Part,
  folder: string,
  flags: Partial<Record<SettingKey, unknown>> = {},
): Promise<Finding[]> {
  const context = await openContext(loadSettings({ stateDir: `${folder}/.wasm-sensors`, ...flags }, folder, {}));
  onTestFinished(() => context.close());
  return runPart(part, context);
}
