/** The settings that an `up` was started with, kept for a later one that attaches to it with other settings. */
import { SETTINGS, type SettingDef, type SettingKey } from '../config/settings.js';
import type { RunState } from '../runtime/run-state.js';
import type { CommandContext } from './command.js';

/** The settings of `up`. */
export const UP_SETTINGS: SettingKey[] = [
  'network',
  'nodes',
  'proxyPort',
  'pullerPort',
  'queuePort',
  'host',
  'allowedHosts',
  'queue',
  'queueEndpoint',
  'awsRegion',
  'proxyUrl',
  'stateDir',
  'bacalhau',
  'apiHost',
  'apiPort',
  'natsPort',
  'webUiPort',
  'apiTls',
  'apiInsecure',
  'apiCa',
  'apiToken',
  'apiUsername',
  'apiPassword',
  'token',
  'sensorToken',
  'tokenInJob',
  'open',
  'rateLimit',
  'tlsCert',
  'tlsKey',
  'tlsCa',
  'sinks',
  'pollers',
  'alertAfter',
  'webhook',
  'retention',
];

/** Those that may stand in a file. The folder is the one that both share, and another network is refused. */
const COMPARED = UP_SETTINGS.filter(
  (key) => !(SETTINGS[key] as SettingDef).secret && key !== 'stateDir' && key !== 'network',
);

/** As plain JSON, by setting; no secrets. */
export function askedFor({ settings, options }: CommandContext): Record<string, unknown> {
  const asked = COMPARED.map((key) => [key, settings[key]]);
  return Object.fromEntries([...asked, ['registry', options.registry === true]]);
}

/** Settings that were given now and differ from what runs; each with what runs. */
export function differences(context: CommandContext, { settings: running, endpoints }: RunState): string[] {
  const { settings, provenance, options } = context;
  const ports = Object.values(endpoints).map((url) => Number(new URL(url).port));
  const differs = (key: SettingKey) => {
    if (provenance[key].source === 'default') return false;
    const [now, then] = [settings[key], running[key]];
    // Any port will do; or it is where one moved to.
    if (key.endsWith('Port') && (now === 0 || ports.includes(now as number))) return false;
    return JSON.stringify(now) !== JSON.stringify(then);
  };
  const named = COMPARED.filter(differs).map((key) => {
    const then = running[key] === undefined ? 'without' : `with ${String(running[key])}`;
    return `${provenance[key].name} ${String(settings[key])} (it runs ${then})`;
  });
  return options.registry === true && running.registry !== true ? [...named, '--registry (it runs without)'] : named;
}
