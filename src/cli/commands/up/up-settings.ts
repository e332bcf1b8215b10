/** What an `up` can be asked for. */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SETTING_KEYS, type SettingKey } from '../../../config/settings.js';
import { openLog } from '../../../lib/process/log-file.js';
import type { CommandContext } from '../../command.js';
import * as option from '../../options.js';

/** What happens to its processes and its network. The caller closes `fd`. */
export function openUpLog(stateDir: string): { file: string; fd: number; from: number } {
  const file = join(resolve(stateDir), 'logs', 'up.log');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return { file, ...openLog(file) };
}

/** The settings of `up`: all but those of other commands. */
const OF_OTHERS: SettingKey[] = ['queueUnsigned', 'proxies', 'follow', 'pullerUrl', 'relayToken', 'pack'];
export const UP_SETTINGS = SETTING_KEYS.filter((key) => !OF_OTHERS.includes(key));

export const upOptions = () => ({
  deploy: option.flag('--deploy', 'deploy the publisher to every edge node').helpGroup('Common options:'),
  ...option.publisher(),
  detach: option
    .flag('-d, --detach', 'return when everything is ready, and keep running in the background')
    .helpGroup('Common options:'),
  plain: option.flag('--plain', 'lines instead of the full-screen view of a terminal'),
  registry: option.flag('--registry', 'also run a registry, for images that were built here (compose network)'),
  timeoutMs: option.timeout(60),
});

export type UpContext = CommandContext<ReturnType<typeof upOptions>>;
