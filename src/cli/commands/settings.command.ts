import { flagName, SETTING_KEYS, SETTINGS, type SettingDef } from '../../config/settings.js';
import { valueWithoutSecrets } from '../../lib/net/url-secrets.js';
import { command } from '../command.js';
import { table } from '../output/table.js';

export const settingsCommand = command({
  name: 'settings',
  summary: 'show every setting, its value, and where the value comes from',
  settings: SETTING_KEYS,
  async action({ out, settings, provenance }) {
    const rows = SETTING_KEYS.map((key) => {
      const { secret, env }: SettingDef = SETTINGS[key];
      const value = settings[key];
      const shown = value !== undefined && secret ? '(secret)' : valueWithoutSecrets(value);
      return { setting: flagName(key), value: shown ?? null, ...provenance[key], variables: env };
    });
    const sourceText = ({ source, name }: (typeof rows)[number]) =>
      source === 'environment' || source === '.env' ? `${source} (${name})` : source;
    out.result(rows, (style) =>
      table(
        rows.map((row) => ({ ...row, from: sourceText(row) })),
        [
          { head: 'setting', of: ({ setting }) => setting },
          { head: 'value', of: ({ value }) => (value === null ? style.dim('-') : String(value)) },
          { head: 'from', of: ({ from, source }) => (source === 'default' ? style.dim(from) : from) },
        ],
        { style, width: undefined },
      ).join('\n'),
    );
  },
});
