/**
 * Our own services: which settings each takes, and the command line that hands a configuration to one. `up` starts them
 * as children; containers and service jobs run the same commands. The serving commands declare their flags from here, so
 * that what one side writes the other side reads.
 */
import { valueWithoutSecrets } from '../lib/net/url-secrets.js';
import {
  isSettingKey,
  keysOf,
  SECTIONS,
  SETTINGS,
  type SettingDef,
  type SettingKey,
  type Settings,
} from './settings.js';

const REACHED = keysOf(SECTIONS['Who reaches it:']);
const QUEUE = keysOf(SECTIONS['The queue:']);
const SINKS = keysOf(SECTIONS['What the puller does:']);
const TLS = keysOf(SECTIONS['TLS:']);
const LOGS = keysOf(SECTIONS['Logs:']);
const keys = <K extends SettingKey>(...names: K[]): K[] => names;
const PROXY = keys('proxyPort', 'proxyUrl', 'stateDir', 'token', 'viewerToken', 'sensorToken', 'sensorKey');
const PULLER = keys('pullerPort', 'pullerUrl', 'stateDir', 'token', 'viewerToken', 'proxies', 'tlsCa');
const RELAY = keys(
  'proxyPort',
  'proxyUrl',
  'stateDir',
  'viewerToken',
  'sensorToken',
  'sensorKey',
  'relayToken',
  'rateLimit',
);

/** Settings with a flag of `<service> serve`, in the order of its help. */
export const SERVICE_SETTINGS = {
  proxy: [...REACHED, ...PROXY, ...QUEUE, ...keys('pack', 'rateLimit', 'follow', 'store'), ...TLS, ...LOGS],
  puller: [...REACHED, ...PULLER, ...QUEUE, ...SINKS, ...LOGS],
  relay: [...REACHED, ...RELAY, ...TLS, ...LOGS],
  queue: [...REACHED, ...keys('queuePort', 'stateDir', 'shards'), ...LOGS],
  sensors: [...keys('nodes', 'token', 'sensorToken', 'sensorKey', 'tlsCa'), ...LOGS],
};

/** The flag of a setting, for a command that has one port. */
export const ownFlag = (key: SettingKey): string => (key.endsWith('Port') ? '--port <port>' : SETTINGS[key].flag);

/** Options of `<service> serve` that are no settings. */
interface ServiceOptions {
  proxy: unknown;
  puller: unknown;
  relay: { upstream: string; region: string; name: string; data: string; maxBytes: number };
  queue: { data: string; create: string; baseUrl: string };
  sensors: { port: number; jobs: string };
}

export type ServiceName = keyof typeof SERVICE_SETTINGS;

/** What a service is started with; what is left out comes from its own environment and files. */
export type ServiceConfig<Name extends ServiceName> = {
  // The operator token, passed to each of them in the environment, even where there is no flag.
  [K in (typeof SERVICE_SETTINGS)[Name][number] | 'token']?: Settings[K] | undefined;
} & Partial<ServiceOptions[Name]>;

/** Arguments of this program that run the service, and its secrets as environment: arguments can be seen by every user. */
export function serviceCommand<Name extends ServiceName>(
  name: Name,
  config: ServiceConfig<Name>,
): { args: string[]; env: Record<string, string> } {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    const [variable] = isSettingKey(key) && isSecret(key, value) ? SETTINGS[key].env : [];
    if (variable !== undefined && value !== undefined) env[variable] = String(value);
  }
  return { args: [name, 'serve', ...serviceFlags(config)], env };
}

/** Such as a token, or the URL of a queue with a password. */
function isSecret(key: SettingKey, value: unknown): boolean {
  const { secret }: SettingDef = SETTINGS[key];
  return secret === true || valueWithoutSecrets(value) !== value;
}

/** Only the flags, for a container or a job that has the rest of the command line; without secrets. */
export function serviceFlags<Name extends ServiceName>(config: ServiceConfig<Name>): string[] {
  return Object.entries<unknown>(config).flatMap(([key, value]) => {
    if (value === undefined || value === false || (isSettingKey(key) && isSecret(key, value))) return [];
    const [flag = ''] = (isSettingKey(key) ? ownFlag(key) : optionFlag(key)).split(' ');
    return value === true ? [flag] : [flag, String(value)];
  });
}

/** `--base-url` of `baseUrl`. */
const optionFlag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
