import { flagName, SETTINGS, type SettingDef, type SettingKey } from '../../config/settings.js';
import { valueWithoutSecrets } from '../../lib/net/without-secrets.js';
import type { CommandSpec } from '../command.js';
import { table } from '../output/table.js';
import type { Style } from '../output/terminal-text.js';

export const settingsCommand: CommandSpec = {
  name: 'settings',
  summary: 'show every setting, its value, and where the value comes from',
  modes: ['text', 'json'],
  settings: Object.keys(SETTINGS) as SettingKey[],
  async action({ out, settings, provenance }) {
    const rows = (Object.keys(SETTINGS) as SettingKey[]).map((key) => {
      const value = settings[key];
      const shown =
        value !== undefined && (SETTINGS[key] as SettingDef).secret ? '(secret)' : valueWithoutSecrets(value);
      return { setting: flagName(key), value: shown ?? null, ...provenance[key], variables: SETTINGS[key].env };
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
    return 0;
  },
};

function sourceText(source: string, name: string, style: Style): string {
  if (source === 'default') return style.dim(source);
  return source === 'environment' || source === '.env' ? `${source} (${name})` : source;
}
