/** What an `up` is asked for, kept for a later one that attaches to it and may ask for something else. */
import { join, resolve } from 'node:path';
import { SETTING_KEYS, SETTINGS, type SettingDef, type SettingKey, type Settings } from '../../../config/settings.js';
import { valueWithoutSecrets } from '../../../lib/net/url-secrets.js';
import type { RunState } from '../../../runtime/run-state.js';
import type { CommandContext } from '../../command.js';
import { flagOption, publisherOptions, timeoutOption } from '../../options.js';
import type { Difference } from '../../output/up-text.js';

/** What happens to its processes and its network. */
export const upLogFile = (stateDir: string): string => join(resolve(stateDir), 'logs', 'up.log');

/** The settings of `up`: all but those of other commands. */
const OF_OTHERS: SettingKey[] = ['queueUnsigned', 'proxies', 'follow', 'pullerUrl'];
export const UP_SETTINGS = SETTING_KEYS.filter((key) => !OF_OTHERS.includes(key));

export const upOptions = () => ({
  deploy: flagOption('--deploy', 'deploy the publisher to every edge node').helpGroup('Common options:'),
  ...publisherOptions(),
  detach: flagOption('-d, --detach', 'return when everything is ready, and keep running in the background').helpGroup(
    'Common options:',
  ),
  plain: flagOption('--plain', 'lines instead of the full-screen view of a terminal'),
  registry: flagOption('--registry', 'also run a registry, for images that were built here (compose network)'),
  timeoutMs: timeoutOption(60),
});

export type UpContext = CommandContext<ReturnType<typeof upOptions>>;

/** Settings that may be kept in a file. The folder is the same for both, and another network is refused. */
const isSecret = ({ secret }: SettingDef) => secret;
const COMPARED = UP_SETTINGS.filter((key) => !isSecret(SETTINGS[key]) && key !== 'stateDir' && key !== 'network');

/** As plain JSON, by setting; no secrets. */
export function askedFor(settings: Settings, registry: boolean): Record<string, unknown> {
  const asked = COMPARED.map((key) => [key, valueWithoutSecrets(settings[key])]);
  return Object.fromEntries([...asked, ['registry', registry]]);
}

type AskedContext = Pick<CommandContext, 'settings' | 'provenance'> & { options: { registry: boolean } };

/** What is asked for now, other than by default, and is different in what runs. */
export function differences(context: AskedContext, { settings: running, endpoints }: RunState): Difference[] {
  const { settings, provenance, options } = context;
  const urls: Record<string, string | undefined> = { ...endpoints };
  /** The port in use, which may not be the one that was asked for. */
  const portNow = (key: SettingKey) => {
    const service = key.endsWith('Port') ? urls[key.slice(0, -'Port'.length)] : undefined;
    return service === undefined ? undefined : new URL(service).port;
  };
  const differs = (key: SettingKey) => {
    if (provenance[key].source === 'default') return false;
    const now = valueWithoutSecrets(settings[key]);
    // Port 0 accepts any port; a busy default port has moved.
    if (key.endsWith('Port') && (now === 0 || portNow(key) === String(now))) return false;
    return JSON.stringify(now) !== JSON.stringify(running[key]);
  };
  const found: Difference[] = COMPARED.filter(differs).map((key) => ({
    setting: provenance[key].name,
    wanted: String(valueWithoutSecrets(settings[key])),
    ...(running[key] === undefined ? {} : { running: portNow(key) ?? String(running[key]) }),
  }));
  if (options.registry && running.registry !== true) found.push({ setting: '--registry' });
  return found;
}
