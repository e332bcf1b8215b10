import { flagName, SETTING_KEYS, SETTINGS, type SettingDef } from '../../config/settings.js';
import { valueWithoutSecrets } from '../../lib/net/url-secrets.js';
import { command } from '../command.js';
import { table } from '../output/table.js';
import type { Style } from '../output/terminal-text.js';

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
    out.result(rows, (style) =>
      table(
        rows,
        [
          { head: 'setting', of: ({ setting }) => setting },
          { head: 'value', of: ({ value }) => (value === null ? style.dim('-') : String(value)) },
          { head: 'from', of: ({ source, name }) => sourceText(source, name, style) },
        ],
        { style, width: undefined },
      ).join('\n'),
    );
  },
});

function sourceText(source: string, name: string, style: Style): string {
  if (source === 'default') return style.dim(source);
  return source === 'environment' || source === '.env' ? `${source} (${name})` : source;
}
