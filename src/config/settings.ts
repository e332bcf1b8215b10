/**
 * Every setting of the program, once: its flag, environment variables, schema, default and help text. Commands take the
 * settings they need from this table; `--help` and `wasm-sensors settings` are made from it.
 */
import type { z } from 'zod';
import { LOG_FORMATS, LOG_LEVELS } from '../lib/log/log-line.js';
import { MAX_SHARDS } from '../protocol/shard.js';
import {
  atLeast,
  bearer,
  count,
  flag,
  kindsText,
  listOf,
  names,
  networkKind,
  oneOf,
  port,
  sensorKeys,
  store,
  text,
  url,
  urls,
} from './setting-schemas.js';

export interface SettingDef<T = unknown> {
  /** As commander takes it; the key in `wasm-sensors.yaml` is the long flag without its dashes. */
  flag: string;
  /** Environment variables, strongest first; also read from `.env`. */
  env: string[];
  schema: z.ZodType<T>;
  description: string;
  /** Never shown in messages or listings. */
  secret?: boolean;
}

/** `env`: where it is not `WASM_SENSORS_` and the name of the flag. Its description follows, in `is`. */
const setting = <T>(flags: string, schema: z.ZodType<T>, ...env: string[]) => ({
  is: (description: string): SettingDef<T> => ({
    flag: flags,
    env: env.length > 0 ? env : [variableOf(flags)],
    schema,
    description,
  }),
});

const secret = <T>(...definition: Parameters<typeof setting<T>>) => ({
  is: (description: string): SettingDef<T> => ({ ...setting(...definition).is(description), secret: true }),
});

const variableOf = (flags: string) => `WASM_SENSORS_${longName(flags).toUpperCase().replaceAll('-', '_')}`;
const longName = (flags: string) => flags.replace(/^--| .*/g, '');

/** By the heading under which `up --help` lists them. */
export const SECTIONS = {
  'Common options:': {
    network: {
      flag: '--network <kind>',
      env: ['WASM_SENSORS_NETWORK'],
      schema: networkKind.default('embedded'),
      get description() {
        return `where jobs run: ${kindsText()}`;
      },
    },
    nodes: setting('--nodes <count>', count(1, 20_000).default(1)).is('edge nodes in each region'),
    relays: setting('--relays', flag.default(false)).is(
      'a relay in each region: it keeps readings on its disk while the region is cut off',
    ),
    stateDir: setting('--state-dir <folder>', text.default('.wasm-sensors'), 'WASM_SENSORS_DIR').is(
      'folder of all generated files',
    ),
  },
  'Who reaches it:': {
    host: setting('--host <address>', text.default('127.0.0.1')).is('address to listen on'),
    allowedHosts: setting('--allowed-hosts <names>', names.optional()).is(
      'further names, separated by commas, that requests may have as Host; beyond loopback only these',
    ),
    open: setting('--open', flag.default(false)).is(
      'ask for no token, where none is set, also when listening beyond loopback',
    ),
  },
  'Ports and addresses:': {
    proxyPort: setting('--port <port>', port.default(9090), 'WASM_SENSORS_PROXY_PORT').is('port of the proxy'),
    pullerPort: setting('--puller-port <port>', port.default(9091)).is('port of the puller and its web page'),
    queuePort: setting('--queue-port <port>', port.default(9324)).is('port of the embedded queue server'),
    natsPort: setting('--nats-port <port>', port.default(4222)).is(
      'port where nodes connect to the orchestrator (native and compose networks)',
    ),
    webUiPort: setting('--webui-port <port>', port.default(8438)).is(
      "port of Bacalhau's own web page (native and compose networks)",
    ),
    proxyUrl: setting('--proxy-url <url>', url.optional()).is(
      'URL at which sensors reach the proxy, when it is not where it listens',
    ),
  },
  'The queue:': {
    queue: setting('--queue <url-or-name>', text.optional(), 'WASM_SENSORS_QUEUE', 'SQS_QUEUE_URL').is(
      'SQS queue, by URL or name; without it, `up` starts an embedded one',
    ),
    queueEndpoint: setting('--queue-endpoint <url>', url.optional(), 'AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL').is(
      "endpoint of an SQS-compatible service, instead of Amazon's",
    ),
    queueUnsigned: setting('--queue-unsigned', flag.default(false)).is(
      'the endpoint checks no signatures (as the embedded queue server): calls without them are cheaper',
    ),
    shards: setting('--shards <count>', count(1, MAX_SHARDS).default(1)).is(
      'queues among which readings are divided by host: NAME-0, NAME-1 …; the same for proxies, pullers and their store',
    ),
    awsRegion: setting('--aws-region <region>', text.optional(), 'AWS_REGION', 'AWS_DEFAULT_REGION').is(
      'AWS region of the queue, when its URL does not name it',
    ),
  },
  'What the puller does:': {
    sinks: setting('--sinks <list>', listOf(['store', 'log', 'alert']).default(['store', 'log', 'alert'])).is(
      'what the puller does with readings: store, log, alert',
    ),
    store: setting('--store <sqlite-or-url>', store.default('sqlite')).is(
      'where the puller keeps readings: sqlite (a file in the state folder), the URL of a PostgreSQL database, or postgres (a server in a compose network)',
    ),
    pollers: setting('--pollers <count>', count(1, 64).default(4)).is('concurrent long polls of the puller'),
    alertAfter: setting('--alert-after <seconds>', atLeast(1, 'seconds').default(10)).is(
      'alert when a region has sent nothing for this time',
    ),
    webhook: secret('--webhook <url>', url.optional()).is('URL to which alerts are POSTed as JSON'),
    retention: setting('--retention <hours>', atLeast(0.01, 'hours').default(24)).is(
      'how long the store keeps readings',
    ),
    minuteRetention: setting('--minute-retention <days>', atLeast(0.01, 'days').default(7)).is(
      'how long the store keeps roll-ups of readings by minute',
    ),
    hourRetention: setting('--hour-retention <days>', atLeast(0.01, 'days').default(400)).is(
      'how long the store keeps roll-ups of readings by hour',
    ),
  },
  'Bacalhau:': {
    bacalhau: setting('--bacalhau <path>', text.optional(), 'BACALHAU_BIN').is(
      'the bacalhau program, when it is not on the PATH',
    ),
    apiHost: setting('--api-host <host>', text.optional(), 'BACALHAU_API_HOST').is(
      "host of the orchestrator's API (remote network)",
    ),
    apiPort: setting('--api-port <port>', port.default(1234), 'BACALHAU_API_PORT').is("port of the orchestrator's API"),
    apiTls: setting('--api-tls', flag.default(false), 'BACALHAU_API_TLS_USETLS').is(
      "speak TLS to the orchestrator's API",
    ),
    apiInsecure: setting('--api-insecure', flag.default(false), 'BACALHAU_API_TLS_INSECURE').is(
      "do not check the certificate of the orchestrator's API",
    ),
    apiCa: setting('--api-ca <file>', text.optional(), 'BACALHAU_API_TLS_CAFILE').is(
      "authority (PEM) that signed the certificate of the orchestrator's API, when this machine does not trust it",
    ),
    apiToken: secret('--api-token-file <file>', bearer.optional(), 'BACALHAU_API_KEY', 'BACALHAU_API_TOKEN').is(
      "API key for the orchestrator's API (the flag names a file that holds it)",
    ),
    apiUsername: setting('--api-username <name>', text.optional(), 'BACALHAU_API_USERNAME').is(
      "user of the orchestrator's API, instead of an API key",
    ),
    apiPassword: secret('--api-password-file <file>', text.optional(), 'BACALHAU_API_PASSWORD').is(
      'password of that user (the flag names a file that holds it)',
    ),
  },
  'Tokens:': {
    token: secret('--token-file <file>', bearer.optional(), 'WASM_SENSORS_TOKEN').is(
      'operator token (the flag names a file that holds it); made by `up`',
    ),
    viewerToken: secret('--viewer-token-file <file>', bearer.optional(), 'WASM_SENSORS_VIEWER_TOKEN').is(
      'token that only reads: the fleet view, its page, the configuration (the flag names a file that holds it)',
    ),
    sensorToken: secret('--sensor-token-file <file>', bearer.optional(), 'SENSOR_TOKEN').is(
      'token that all sensors must send; whoever has it can send in the name of every node (the flag names a file that holds it)',
    ),
    sensorKey: secret('--sensor-key-file <file>', sensorKeys.optional(), 'WASM_SENSORS_SENSOR_KEY').is(
      'key of the sensor tokens of single nodes (the flag names a file that holds it); made by `up` where no token for all sensors is set',
    ),
    relayToken: secret('--relay-token-file <file>', bearer.optional(), 'WASM_SENSORS_RELAY_TOKEN').is(
      "a relay's own token for the proxy upstream (the flag names a file that holds it); `sensors token --relay` prints it",
    ),
    tokenInJob: setting('--token-in-job', flag.default(false)).is(
      'remote network: put the sensor token into the job, where users of the cluster can read it',
    ),
    rateLimit: setting('--rate-limit <per-second>', atLeast(0).default(0)).is(
      'readings a second of one sensor (by its host name), which slows down a faulty one; 0 = no limit',
    ),
  },
  'TLS:': {
    tlsCert: setting('--tls-cert <file>', text.optional()).is('certificate (PEM); with it the proxy speaks https'),
    tlsKey: setting('--tls-key <file>', text.optional()).is('private key (PEM) of the certificate'),
    tlsCa: setting('--tls-ca <file>', text.optional()).is(
      'private authority (PEM) that signed the certificate of the proxy; a self-signed --tls-cert is its own',
    ),
  },
  'Logs:': {
    logLevel: setting('--log-level <level>', oneOf(LOG_LEVELS).default('info')).is(
      'least level of the lines that services log and `logs` shows: debug, info, warn or error',
    ),
    logFormat: setting('--log-format <format>', oneOf(LOG_FORMATS).default('text')).is(
      'how services log: text or json',
    ),
  },
  'Services elsewhere:': {
    pullerUrl: setting('--puller-url <url>', url.optional()).is('URL of the puller, when it is not that of `up`'),
    proxies: setting('--proxies <urls>', urls.optional()).is(
      'proxies that hold the fleet configuration, separated by commas: the authority, then those that follow it (default: the one of `up`)',
    ),
    pack: setting('--pack', flag.default(false)).is(
      'put readings into the queue many in a message, compressed, which only pullers of this version or later can read',
    ),
    follow: setting('--follow <url>', url.optional()).is(
      'the proxy that is the authority for the fleet configuration: this one copies it and forwards changes',
    ),
  },
};

export const SETTINGS = {
  ...SECTIONS['Common options:'],
  ...SECTIONS['Who reaches it:'],
  ...SECTIONS['Ports and addresses:'],
  ...SECTIONS['The queue:'],
  ...SECTIONS['What the puller does:'],
  ...SECTIONS['Bacalhau:'],
  ...SECTIONS['Tokens:'],
  ...SECTIONS['TLS:'],
  ...SECTIONS['Logs:'],
  ...SECTIONS['Services elsewhere:'],
};

export type SettingKey = keyof typeof SETTINGS;
export const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(SETTINGS, key);
export const SETTING_KEYS: SettingKey[] = Object.keys(SETTINGS).filter(isSettingKey);
export type Settings = { [K in SettingKey]: z.output<(typeof SETTINGS)[K]['schema']> };

export const keysOf = <T extends object>(section: T): (keyof T & SettingKey)[] =>
  SETTING_KEYS.filter((key): key is keyof T & SettingKey => Object.hasOwn(section, key));
export const sectionOf = (key: SettingKey): string =>
  Object.entries(SECTIONS).find(([, section]) => Object.hasOwn(section, key))?.[0] ?? '';

/** The long flag without dashes and argument, such as `state-dir`. */
export const flagName = (key: SettingKey): string => longName(SETTINGS[key].flag);
