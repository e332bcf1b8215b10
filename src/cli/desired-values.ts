/** What `config set` and the screen take: names and values of desired configuration. */
import { AppError } from '../lib/errors/app-error.js';
import { didYouMean } from '../lib/similar-word.js';
import {
  type DesiredConfig,
  type DesiredField,
  findField,
  SENSOR_CONFIG_FIELDS,
  type SensorConfigField,
  sensorConfigSchema,
} from '../protocol/sensor-config.js';
import { type DesiredSettings, isSettingName, type SettingValue, settingField } from '../protocol/sensor-settings.js';

const EXAMPLE = "For example: `wasm-sensors config set color='#00ff88' interval=1`";

/** `color=#00ff88 interval=1 threshold=5`; throws `BAD_VALUE` naming the field. */
export function valuesFrom(words: string[]): DesiredConfig {
  const given: Record<string, string> = {};
  const settings: DesiredSettings = {};
  for (const word of words) {
    const [name = '', ...rest] = word.split('=');
    if (rest.length === 0)
      throw new AppError('BAD_VALUE', `${JSON.stringify(word)} is not name=value`, { hint: EXAMPLE });
    const setting = settingValue(rest.join('='));
    const isSetting = !findField(name) && isSettingName(name) && setting !== undefined;
    const field = isSetting ? settingField(name) : fieldNamed(name);
    if (field in given || field in settings)
      throw new AppError('BAD_VALUE', `${name} is given twice`, { hint: EXAMPLE });
    if (isSetting) settings[settingField(name)] = setting;
    else given[field] = rest.join('=');
  }
  const { data, error } = sensorConfigSchema.safeParse(given);
  if (!error) return { ...data, ...settings };
  const [issue] = error.issues;
  const field = String(issue?.path[0]);
  throw new AppError('BAD_VALUE', `${field}: ${JSON.stringify(given[field])} ${issue?.message}`, { hint: EXAMPLE });
}

/** A number, true or false; undefined for other words. */
function settingValue(word: string): SettingValue | undefined {
  if (word === 'true' || word === 'false') return word === 'true';
  return /^-?(\d+\.?\d*|\.\d+)$/.test(word) ? Number(word) : undefined;
}

/** A field of every sensor, or a setting that a sensor of the user may have declared. */
export const desiredFieldNamed = (name: string): DesiredField =>
  !findField(name) && isSettingName(name) ? settingField(name) : fieldNamed(name);

/** In any spelling that sensors take in their files: `random-off`, `randomOff`, `colour`. */
function fieldNamed(name: string): SensorConfigField {
  const known = findField(name);
  if (known) return known;
  const hint = `${didYouMean(name, SENSOR_CONFIG_FIELDS)}Sensors have: ${SENSOR_CONFIG_FIELDS.join(', ')}; settings that a sensor declares are numbers, true or false.`;
  throw new AppError('BAD_VALUE', `there is no setting ${JSON.stringify(name)}`, { hint });
}
