import { flagName, SETTINGS, type SettingDef, type SettingKey } from '../../config/settings.js';
import type { CommandSpec } from '../command.js';
import { table } from '../output/text-table.js';

export const settingsCommand: CommandSpec = {
  name: 'settings',
  summary: 'every setting, its value, and where the value came from',
  modes: ['text', 'json'],
  settings: Object.keys(SETTINGS) as SettingKey[],
  async action({ out, settings, provenance }) {
    const rows = (Object.keys(SETTINGS) as SettingKey[]).map((key) => {
      const value = settings[key];
      const shown = value !== undefined && (SETTINGS[key] as SettingDef).secret ? '(secret)' : value;
      return { setting: flagName(key), value: shown ?? null, ...provenance[key], variables: SETTINGS[key].env };
    });
    out.result(rows, (style) =>
      table([
        ['setting', 'value', 'from'].map((word) => style.dim(word)),
        ...rows.map(({ setting, value, source, name }) => [
          setting,
          value === null ? style.dim('-') : String(value),
          source === 'default'
            ? style.dim(source)
            : source === 'environment' || source === '.env'
              ? `${source} (${name})`
              : source,
        ]),
      ]),
    );
    return 0;
  },
};
