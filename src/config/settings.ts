/**
 * Every setting of the program, once: its flag, environment variables, schema, default and help text. Commands take the
 * settings they need from this table; `--help` and `wasm-sensors settings` are made from it.
 */
import type { z } from 'zod';
import { LOG_FORMATS, LOG_LEVELS } from '../lib/log/log-line.js';
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

/** `env`: where it is not `WASM_SENSORS_` and the name of the flag. */
const setting = <T>(
  flags: string,
  description: string,
  schema: z.ZodType<T>,
  { env = [variableOf(flags)], secret = false }: Partial<Pick<SettingDef, 'env' | 'secret'>> = {},
): SettingDef<T> => ({ flag: flags, env, schema, description, secret });

const variableOf = (flags: string) => `WASM_SENSORS_${longName(flags).toUpperCase().replaceAll('-', '_')}`;
const longName = (flags: string) => flags.replace(/^--| .*/g, '');

const COMMON = {
  network: {
    flag: '--network <kind>',
    env: ['WASM_SENSORS_NETWORK'],
    schema: networkKind.default('embedded'),
    get description() {
      return `where jobs run: ${kindsText()}`;
    },
  },
  nodes: setting('--nodes <count>', 'edge nodes in each region', count(1, 10_000).default(1)),
  stateDir: setting('--state-dir <folder>', 'folder of all generated files', text.default('.wasm-sensors'), {
    env: ['WASM_SENSORS_DIR'],
  }),
};

const LISTENING = {
  host: setting('--host <address>', 'address to listen on', text.default('127.0.0.1')),
  allowedHosts: setting(
    '--allowed-hosts <names>',
    'further names, separated by commas, that requests may have as Host; beyond loopback only these',
    names.optional(),
  ),
  open: setting(
    '--open',
    'ask for no token, where none is set, also when listening beyond loopback',
    flag.default(false),
  ),
};

const PORTS = {
  proxyPort: setting('--port <port>', 'port of the proxy', port.default(9090), { env: ['WASM_SENSORS_PROXY_PORT'] }),
  pullerPort: setting('--puller-port <port>', 'port of the puller and its web page', port.default(9091)),
  queuePort: setting('--queue-port <port>', 'port of the embedded queue server', port.default(9324)),
  natsPort: setting(
    '--nats-port <port>',
    'port where nodes connect to the orchestrator (native and compose networks)',
    port.default(4222),
  ),
  webUiPort: setting(
    '--webui-port <port>',
    "port of Bacalhau's own web page (native and compose networks)",
    port.default(8438),
  ),
  proxyUrl: setting(
    '--proxy-url <url>',
    'URL at which sensors reach the proxy, when it is not where it listens',
    url.optional(),
  ),
};

const QUEUE = {
  queue: setting(
    '--queue <url-or-name>',
    'SQS queue, by URL or name; without it, `up` starts an embedded one',
    text.optional(),
    { env: ['WASM_SENSORS_QUEUE', 'SQS_QUEUE_URL'] },
  ),
  queueEndpoint: setting(
    '--queue-endpoint <url>',
    "endpoint of an SQS-compatible service, instead of Amazon's",
    url.optional(),
    { env: ['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL'] },
  ),
  queueUnsigned: setting(
    '--queue-unsigned',
    'the endpoint checks no signatures (as the embedded queue server): calls without them are cheaper',
    flag.default(false),
  ),
  awsRegion: setting(
    '--aws-region <region>',
    'AWS region of the queue, when its URL does not name it',
    text.optional(),
    { env: ['AWS_REGION', 'AWS_DEFAULT_REGION'] },
  ),
};

const SINKS = {
  sinks: setting(
    '--sinks <list>',
    'what the puller does with readings: store, log, alert',
    listOf(['store', 'log', 'alert']).default(['store', 'log', 'alert']),
  ),
  pollers: setting('--pollers <count>', 'concurrent long polls of the puller', count(1, 64).default(4)),
  alertAfter: setting(
    '--alert-after <seconds>',
    'alert when a region has sent nothing for this time',
    atLeast(1, 'seconds').default(10),
  ),
  webhook: setting('--webhook <url>', 'URL to which alerts are POSTed as JSON', url.optional(), { secret: true }),
  retention: setting('--retention <hours>', 'how long the store keeps readings', atLeast(0.01, 'hours').default(24)),
  minuteRetention: setting(
    '--minute-retention <days>',
    'how long the store keeps roll-ups of readings by minute',
    atLeast(0.01, 'days').default(7),
  ),
  hourRetention: setting(
    '--hour-retention <days>',
    'how long the store keeps roll-ups of readings by hour',
    atLeast(0.01, 'days').default(400),
  ),
};

const BACALHAU = {
  bacalhau: setting('--bacalhau <path>', 'the bacalhau program, when it is not on the PATH', text.optional(), {
    env: ['BACALHAU_BIN'],
  }),
  apiHost: setting('--api-host <host>', "host of the orchestrator's API (remote network)", text.optional(), {
    env: ['BACALHAU_API_HOST'],
  }),
  apiPort: setting('--api-port <port>', "port of the orchestrator's API", port.default(1234), {
    env: ['BACALHAU_API_PORT'],
  }),
  apiTls: setting('--api-tls', "speak TLS to the orchestrator's API", flag.default(false), {
    env: ['BACALHAU_API_TLS_USETLS'],
  }),
  apiInsecure: setting(
    '--api-insecure',
    "do not check the certificate of the orchestrator's API",
    flag.default(false),
    { env: ['BACALHAU_API_TLS_INSECURE'] },
  ),
  apiCa: setting(
    '--api-ca <file>',
    "authority (PEM) that signed the certificate of the orchestrator's API, when this machine does not trust it",
    text.optional(),
    { env: ['BACALHAU_API_TLS_CAFILE'] },
  ),
  apiToken: setting(
    '--api-token-file <file>',
    "API key for the orchestrator's API (the flag names a file that holds it)",
    bearer.optional(),
    { env: ['BACALHAU_API_KEY', 'BACALHAU_API_TOKEN'], secret: true },
  ),
  apiUsername: setting(
    '--api-username <name>',
    "user of the orchestrator's API, instead of an API key",
    text.optional(),
    { env: ['BACALHAU_API_USERNAME'] },
  ),
  apiPassword: setting(
    '--api-password-file <file>',
    'password of that user (the flag names a file that holds it)',
    text.optional(),
    { env: ['BACALHAU_API_PASSWORD'], secret: true },
  ),
};

const TOKENS = {
  token: setting(
    '--token-file <file>',
    'operator token (the flag names a file that holds it); made by `up`',
    bearer.optional(),
    { env: ['WASM_SENSORS_TOKEN'], secret: true },
  ),
  viewerToken: setting(
    '--viewer-token-file <file>',
    'token that only reads: the fleet view, its page, the configuration (the flag names a file that holds it)',
    bearer.optional(),
    { env: ['WASM_SENSORS_VIEWER_TOKEN'], secret: true },
  ),
  sensorToken: setting(
    '--sensor-token-file <file>',
    'token that all sensors must send; whoever has it can send in the name of every node (the flag names a file that holds it)',
    bearer.optional(),
    { env: ['SENSOR_TOKEN'], secret: true },
  ),
  sensorKey: setting(
    '--sensor-key-file <file>',
    'key of the sensor tokens of single nodes (the flag names a file that holds it); made by `up` where no token for all sensors is set',
    sensorKeys.optional(),
    { env: ['WASM_SENSORS_SENSOR_KEY'], secret: true },
  ),
  tokenInJob: setting(
    '--token-in-job',
    'remote network: put the sensor token into the job, where users of the cluster can read it',
    flag.default(false),
  ),
  rateLimit: setting(
    '--rate-limit <per-second>',
    'readings a second of one sensor (by its host name), which slows down a faulty one; 0 = no limit',
    atLeast(0).default(0),
  ),
};

const TLS = {
  tlsCert: setting('--tls-cert <file>', 'certificate (PEM); with it the proxy speaks https', text.optional()),
  tlsKey: setting('--tls-key <file>', 'private key (PEM) of the certificate', text.optional()),
  tlsCa: setting(
    '--tls-ca <file>',
    'private authority (PEM) that signed the certificate of the proxy; a self-signed --tls-cert is its own',
    text.optional(),
  ),
};

const LOGS = {
  logLevel: setting(
    '--log-level <level>',
    'least level of the lines that services log and `logs` shows: debug, info, warn or error',
    oneOf(LOG_LEVELS).default('info'),
  ),
  logFormat: setting('--log-format <format>', 'how services log: text or json', oneOf(LOG_FORMATS).default('text')),
};

const ELSEWHERE = {
  pullerUrl: setting('--puller-url <url>', 'URL of the puller, when it is not that of `up`', url.optional()),
  proxies: setting(
    '--proxies <urls>',
    'proxies that hold the fleet configuration, separated by commas: the authority, then those that follow it (default: the one of `up`)',
    urls.optional(),
  ),
  follow: setting(
    '--follow <url>',
    'the proxy that is the authority for the fleet configuration: this one copies it and forwards changes',
    url.optional(),
  ),
};

/** By the heading under which `up --help` lists them. */
export const SECTIONS = {
  'Common options:': COMMON,
  'Who reaches it:': LISTENING,
  'Ports and addresses:': PORTS,
  'The queue:': QUEUE,
  'What the puller does:': SINKS,
  'Bacalhau:': BACALHAU,
  'Tokens:': TOKENS,
  'TLS:': TLS,
  'Logs:': LOGS,
  'Services elsewhere:': ELSEWHERE,
};

export const SETTINGS = {
  ...COMMON,
  ...LISTENING,
  ...PORTS,
  ...QUEUE,
  ...SINKS,
  ...BACALHAU,
  ...TOKENS,
  ...TLS,
  ...LOGS,
  ...ELSEWHERE,
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
