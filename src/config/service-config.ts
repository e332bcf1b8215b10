/**
 * Our own services: which settings each takes, and the command line that hands a configuration to one. `up` starts them
 * as children; containers and service jobs run the same commands. The serving commands declare their flags from here, so
 * that what one side writes the other side reads.
 */
import { valueWithoutSecrets } from '../lib/net/without-secrets.js';
import { SETTINGS, type SettingDef, type SettingKey, type Settings } from './settings.js';

const flagsFor = <K extends SettingKey>(keys: readonly K[], port?: K) =>
  Object.fromEntries(keys.map((key) => [key, key === port ? '--port <port>' : SETTINGS[key].flag])) as Record<
    K,
    string
  >;

const LOGGING = ['logLevel', 'logFormat'] as const;

/** Settings with a flag of `<service> serve`, in the order of its help. */
export const SERVICE_FLAGS = {
  proxy: flagsFor([
    ...(['host', 'allowedHosts', 'proxyUrl', 'proxyPort', 'queue', 'queueEndpoint', 'queueUnsigned'] as const),
    ...([
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
    ] as const),
    ...LOGGING,
  ]),
  puller: flagsFor(
    [
      ...(['host', 'allowedHosts', 'pullerUrl', 'pullerPort', 'queue', 'queueEndpoint', 'queueUnsigned'] as const),
      ...(['awsRegion', 'stateDir', 'sinks', 'pollers', 'alertAfter', 'webhook'] as const),
      ...(['retention', 'minuteRetention', 'hourRetention'] as const),
      ...(['token', 'viewerToken', 'open', 'proxies', 'tlsCa'] as const),
      ...LOGGING,
    ],
    'pullerPort',
  ),
  queue: flagsFor(['host', 'allowedHosts', 'queuePort', 'stateDir', 'open', ...LOGGING], 'queuePort'),
  sensors: flagsFor(['nodes', 'token', 'sensorToken', 'sensorKey', 'tlsCa', ...LOGGING]),
};

/** Options of `<service> serve` that are no settings. */
const OPTIONS = {
  proxy: {},
  puller: {},
  queue: { data: '--data', create: '--create', baseUrl: '--base-url' },
  sensors: { port: '--port', jobs: '--jobs' },
};

export type ServiceName = keyof typeof SERVICE_FLAGS;

/** What a service is started with; what is left out comes from its own environment and files. */
export type ServiceConfig<Name extends ServiceName> = Partial<
  // The operator token, passed to each of them in the environment, even where there is no flag.
  Pick<Settings, Extract<keyof (typeof SERVICE_FLAGS)[Name], SettingKey> | 'token'> &
    Record<keyof (typeof OPTIONS)[Name], string | number>
>;

/** Arguments of this program that run the service, and its secrets as environment: arguments can be seen by every user. */
export function serviceCommand<Name extends ServiceName>(
  name: Name,
  config: ServiceConfig<Name>,
): { args: string[]; env: Record<string, string> } {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    const { secret, env: names } = settingOf(key);
    if ((secret || hasSecrets(value)) && value !== undefined) env[names[0]!] = String(value);
  }
  const shown = Object.entries(config).filter(([, value]) => !hasSecrets(value));
  return { args: [name, 'serve', ...serviceFlags(name, Object.fromEntries(shown) as typeof config)], env };
}

/** Such as the URL of a queue with a password. */
const hasSecrets = (value: unknown) => valueWithoutSecrets(value) !== value;

/** Only the flags, for a container or a job that has the rest of the command line. */
export function serviceFlags<Name extends ServiceName>(name: Name, config: ServiceConfig<Name>): string[] {
  const flags: Record<string, string> = { ...SERVICE_FLAGS[name], ...OPTIONS[name] };
  return Object.entries(config).flatMap(([key, value]) => {
    if (value === undefined || value === false || settingOf(key).secret) return [];
    const flag = flags[key]!.split(' ')[0]!;
    return value === true ? [flag] : [flag, String(value)];
  });
}

const settingOf = (key: string): Pick<SettingDef, 'secret' | 'env'> =>
  (SETTINGS as Record<string, SettingDef>)[key] ?? { env: [] };
