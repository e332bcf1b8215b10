/**
 * Our own services: which settings each takes, and the command line that hands a configuration to one. `up` starts them
 * as children; containers and service jobs run the same commands. The serving commands declare their flags from here, so
 * that what one side writes the other side reads.
 */
import { valueWithoutSecrets } from '../lib/net/url-secrets.js';
import { isSettingKey, SETTINGS, type SettingDef, type SettingKey, type Settings } from './settings.js';

/** Settings with a flag of `<service> serve`, in the order of its help. */
export const SERVICE_SETTINGS = {
  proxy: [
    'host',
    'allowedHosts',
    'proxyUrl',
    'proxyPort',
    'queue',
    'queueEndpoint',
    'queueUnsigned',
    'awsRegion',
    'stateDir',
    'token',
    'viewerToken',
    'sensorToken',
    'sensorKey',
    'open',
    'rateLimit',
    'tlsCert',
    'tlsKey',
    'follow',
    'tlsCa',
    'logLevel',
    'logFormat',
  ],
  puller: [
    'host',
    'allowedHosts',
    'pullerUrl',
    'pullerPort',
    'queue',
    'queueEndpoint',
    'queueUnsigned',
    'awsRegion',
    'stateDir',
    'sinks',
    'pollers',
    'alertAfter',
    'webhook',
    'retention',
    'minuteRetention',
    'hourRetention',
    'token',
    'viewerToken',
    'open',
    'proxies',
    'tlsCa',
    'logLevel',
    'logFormat',
  ],
  queue: ['host', 'allowedHosts', 'queuePort', 'stateDir', 'open', 'logLevel', 'logFormat'],
  sensors: ['nodes', 'token', 'sensorToken', 'sensorKey', 'tlsCa', 'logLevel', 'logFormat'],
} satisfies Record<string, SettingKey[]>;

/** The flag of a setting, for a command that has one port. */
export const ownFlag = (key: SettingKey): string => (key.endsWith('Port') ? '--port <port>' : SETTINGS[key].flag);

/** Options of `<service> serve` that are no settings. */
const OPTIONS = {
  proxy: {},
  puller: {},
  queue: { data: '--data', create: '--create', baseUrl: '--base-url' },
  sensors: { port: '--port', jobs: '--jobs' },
};

export type ServiceName = keyof typeof SERVICE_SETTINGS;

/** What a service is started with; what is left out comes from its own environment and files. */
export type ServiceConfig<Name extends ServiceName> = Partial<
  // The operator token, passed to each of them in the environment, even where there is no flag.
  Pick<Settings, (typeof SERVICE_SETTINGS)[Name][number] | 'token'> &
    Record<keyof (typeof OPTIONS)[Name], string | number>
>;

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
  return { args: [name, 'serve', ...serviceFlags(name, config)], env };
}

/** Such as a token, or the URL of a queue with a password. */
function isSecret(key: SettingKey, value: unknown): boolean {
  const { secret }: SettingDef = SETTINGS[key];
  return secret === true || valueWithoutSecrets(value) !== value;
}

/** Only the flags, for a container or a job that has the rest of the command line; without secrets. */
export function serviceFlags<Name extends ServiceName>(name: Name, config: ServiceConfig<Name>): string[] {
  const options: Record<string, string> = OPTIONS[name];
  return Object.entries(config).flatMap(([key, value]) => {
    if (value === undefined || value === false || (isSettingKey(key) && isSecret(key, value))) return [];
    const [flag = ''] = isSettingKey(key) ? ownFlag(key).split(' ') : [options[key]];
    return value === true ? [flag] : [flag, String(value)];
  });
}
