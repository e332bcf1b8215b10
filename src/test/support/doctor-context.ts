/** What checks of `doctor` look at, in a folder of the test's own. */
import { loadSettings } from '../../config/load-settings.js';
import type { SettingKey } from '../../config/settings.js';
import { type Finding, openContext, type Part, runPart } from '../../doctor/check.js';

/** What a part of a check finds; `folder`: where `.env` and `wasm-sensors.yaml` would be. */
export async function findingsOf(
  part: Part,
  folder: string,
  flags: Partial<Record<SettingKey, unknown>> = {},
): Promise<Finding[]> {
  const context = await openContext(loadSettings({ stateDir: `${folder}/.wasm-sensors`, ...flags }, folder, {}));
  return runPart(part, context);
}
