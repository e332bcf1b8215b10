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

const define = <T extends Record<string, SettingDef>>(table: T) => table;

export const SETTINGS = define({
  network: {
    flag: '--network <kind>',
    env: ['WASM_SENSORS_NETWORK'],
    schema: networkKind.default('embedded'),
    get description() {
      return `where jobs run: ${kindsText()}`;
    },
  },
  nodes: {
    flag: '--nodes <count>',
    env: ['WASM_SENSORS_NODES'],
    schema: count(1, 10_000).default(1),
    description: 'edge nodes in each region',
  },
  stateDir: {
    flag: '--state-dir <folder>',
    env: ['WASM_SENSORS_DIR'],
    schema: text.default('.wasm-sensors'),
    description: 'folder of all generated files',
  },
  host: {
    flag: '--host <address>',
    env: ['WASM_SENSORS_HOST'],
    schema: text.default('127.0.0.1'),
    description: 'address to listen on',
  },
  allowedHosts: {
    flag: '--allowed-hosts <names>',
    env: ['WASM_SENSORS_ALLOWED_HOSTS'],
    schema: names.optional(),
    description: 'further names, separated by commas, that requests may have as Host; beyond loopback only these',
  },
  proxyPort: {
    flag: '--port <port>',
    env: ['WASM_SENSORS_PROXY_PORT'],
    schema: port.default(9090),
    description: 'port of the proxy',
  },
  pullerPort: {
    flag: '--puller-port <port>',
    env: ['WASM_SENSORS_PULLER_PORT'],
    schema: port.default(9091),
    description: 'port of the puller and its web page',
  },
  queuePort: {
    flag: '--queue-port <port>',
    env: ['WASM_SENSORS_QUEUE_PORT'],
    schema: port.default(9324),
    description: 'port of the embedded queue server',
  },
  queue: {
    flag: '--queue <url-or-name>',
    env: ['WASM_SENSORS_QUEUE', 'SQS_QUEUE_URL'],
    schema: text.optional(),
    description: 'SQS queue, by URL or name; without it, `up` starts an embedded one',
  },
  queueEndpoint: {
    flag: '--queue-endpoint <url>',
    env: ['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL'],
    schema: url.optional(),
    description: "endpoint of an SQS-compatible service, instead of Amazon's",
  },
  queueUnsigned: {
    flag: '--queue-unsigned',
    env: ['WASM_SENSORS_QUEUE_UNSIGNED'],
    schema: flag.default(false),
    description: 'the endpoint checks no signatures (as the embedded queue server): calls without them are cheaper',
  },
  awsRegion: {
    flag: '--aws-region <region>',
    env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    schema: text.optional(),
    description: 'AWS region of the queue, when its URL does not name it',
  },
  proxyUrl: {
    flag: '--proxy-url <url>',
    env: ['WASM_SENSORS_PROXY_URL'],
    schema: url.optional(),
    description: 'URL at which sensors reach the proxy, when it is not where it listens',
  },
  proxies: {
    flag: '--proxies <urls>',
    env: ['WASM_SENSORS_PROXIES'],
    schema: urls.optional(),
    description:
      'proxies that hold the fleet configuration, separated by commas: the authority, then those that follow it (default: the one of `up`)',
  },
  follow: {
    flag: '--follow <url>',
    env: ['WASM_SENSORS_FOLLOW'],
    schema: url.optional(),
    description: 'the proxy that is the authority for the fleet configuration: this one copies it and forwards changes',
  },
  pullerUrl: {
    flag: '--puller-url <url>',
    env: ['WASM_SENSORS_PULLER_URL'],
    schema: url.optional(),
    description: 'URL of the puller, when it is not that of `up`',
  },
  bacalhau: {
    flag: '--bacalhau <path>',
    env: ['BACALHAU_BIN'],
    schema: text.optional(),
    description: 'the bacalhau program, when it is not on the PATH',
  },
  apiHost: {
    flag: '--api-host <host>',
    env: ['BACALHAU_API_HOST'],
    schema: text.optional(),
    description: "host of the orchestrator's API (remote network)",
  },
  apiPort: {
    flag: '--api-port <port>',
    env: ['BACALHAU_API_PORT'],
    schema: port.default(1234),
    description: "port of the orchestrator's API",
  },
  natsPort: {
    flag: '--nats-port <port>',
    env: ['WASM_SENSORS_NATS_PORT'],
    schema: port.default(4222),
    description: 'port where nodes connect to the orchestrator (native and compose networks)',
  },
  webUiPort: {
    flag: '--webui-port <port>',
    env: ['WASM_SENSORS_WEBUI_PORT'],
    schema: port.default(8438),
    description: "port of Bacalhau's own web page (native and compose networks)",
  },
  apiTls: {
    flag: '--api-tls',
    env: ['BACALHAU_API_TLS_USETLS'],
    schema: flag.default(false),
    description: "speak TLS to the orchestrator's API",
  },
  apiInsecure: {
    flag: '--api-insecure',
    env: ['BACALHAU_API_TLS_INSECURE'],
    schema: flag.default(false),
    description: "do not check the certificate of the orchestrator's API",
  },
  apiCa: {
    flag: '--api-ca <file>',
    env: ['BACALHAU_API_TLS_CAFILE'],
    schema: text.optional(),
    description:
      "authority (PEM) that signed the certificate of the orchestrator's API, when this machine does not trust it",
  },
  apiToken: {
    flag: '--api-token-file <file>',
    env: ['BACALHAU_API_KEY', 'BACALHAU_API_TOKEN'],
    schema: bearer.optional(),
    description: "API key for the orchestrator's API (the flag names a file that holds it)",
    secret: true,
  },
  apiUsername: {
    flag: '--api-username <name>',
    env: ['BACALHAU_API_USERNAME'],
    schema: text.optional(),
    description: "user of the orchestrator's API, instead of an API key",
  },
  apiPassword: {
    flag: '--api-password-file <file>',
    env: ['BACALHAU_API_PASSWORD'],
    schema: text.optional(),
    description: 'password of that user (the flag names a file that holds it)',
    secret: true,
  },
  token: {
    flag: '--token-file <file>',
    env: ['WASM_SENSORS_TOKEN'],
    schema: bearer.optional(),
    description: 'operator token (the flag names a file that holds it); made by `up`',
    secret: true,
  },
  viewerToken: {
    flag: '--viewer-token-file <file>',
    env: ['WASM_SENSORS_VIEWER_TOKEN'],
    schema: bearer.optional(),
    description:
      'token that only reads: the fleet view, its page, the configuration (the flag names a file that holds it)',
    secret: true,
  },
  sensorToken: {
    flag: '--sensor-token-file <file>',
    env: ['SENSOR_TOKEN'],
    schema: bearer.optional(),
    description:
      'token that all sensors must send; whoever has it can send in the name of every node (the flag names a file that holds it)',
    secret: true,
  },
  sensorKey: {
    flag: '--sensor-key-file <file>',
    env: ['WASM_SENSORS_SENSOR_KEY'],
    schema: sensorKeys.optional(),
    description:
      'key of the sensor tokens of single nodes (the flag names a file that holds it); made by `up` where no token for all sensors is set',
    secret: true,
  },
  tokenInJob: {
    flag: '--token-in-job',
    env: ['WASM_SENSORS_TOKEN_IN_JOB'],
    schema: flag.default(false),
    description: 'remote network: put the sensor token into the job, where users of the cluster can read it',
  },
  open: {
    flag: '--open',
    env: ['WASM_SENSORS_OPEN'],
    schema: flag.default(false),
    description: 'ask for no token, where none is set, also when listening beyond loopback',
  },
  rateLimit: {
    flag: '--rate-limit <per-second>',
    env: ['WASM_SENSORS_RATE_LIMIT'],
    schema: atLeast(0).default(0),
    description: 'readings a second of one sensor (by its host name), which slows down a faulty one; 0 = no limit',
  },
  tlsCert: {
    flag: '--tls-cert <file>',
    env: ['WASM_SENSORS_TLS_CERT'],
    schema: text.optional(),
    description: 'certificate (PEM); with it the proxy speaks https',
  },
  tlsKey: {
    flag: '--tls-key <file>',
    env: ['WASM_SENSORS_TLS_KEY'],
    schema: text.optional(),
    description: 'private key (PEM) of the certificate',
  },
  tlsCa: {
    flag: '--tls-ca <file>',
    env: ['WASM_SENSORS_TLS_CA'],
    schema: text.optional(),
    description:
      'private authority (PEM) that signed the certificate of the proxy; a self-signed --tls-cert is its own',
  },
  sinks: {
    flag: '--sinks <list>',
    env: ['WASM_SENSORS_SINKS'],
    schema: listOf(['store', 'log', 'alert']).default(['store', 'log', 'alert']),
    description: 'what the puller does with readings: store, log, alert',
  },
  pollers: {
    flag: '--pollers <count>',
    env: ['WASM_SENSORS_POLLERS'],
    schema: count(1, 64).default(4),
    description: 'concurrent long polls of the puller',
  },
  alertAfter: {
    flag: '--alert-after <seconds>',
    env: ['WASM_SENSORS_ALERT_AFTER'],
    schema: atLeast(1, 'seconds').default(10),
    description: 'alert when a region has sent nothing for this time',
  },
  webhook: {
    flag: '--webhook <url>',
    env: ['WASM_SENSORS_WEBHOOK'],
    schema: url.optional(),
    description: 'URL to which alerts are POSTed as JSON',
    secret: true,
  },
  logLevel: {
    flag: '--log-level <level>',
    env: ['WASM_SENSORS_LOG_LEVEL'],
    schema: oneOf(LOG_LEVELS).default('info'),
    description: 'least level of the lines that services log and `logs` shows: debug, info, warn or error',
  },
  logFormat: {
    flag: '--log-format <format>',
    env: ['WASM_SENSORS_LOG_FORMAT'],
    schema: oneOf(LOG_FORMATS).default('text'),
    description: 'how services log: text or json',
  },
  retention: {
    flag: '--retention <hours>',
    env: ['WASM_SENSORS_RETENTION'],
    schema: atLeast(0.01, 'hours').default(24),
    description: 'how long the store keeps readings',
  },
  minuteRetention: {
    flag: '--minute-retention <days>',
    env: ['WASM_SENSORS_MINUTE_RETENTION'],
    schema: atLeast(0.01, 'days').default(7),
    description: 'how long the store keeps roll-ups of readings by minute',
  },
  hourRetention: {
    flag: '--hour-retention <days>',
    env: ['WASM_SENSORS_HOUR_RETENTION'],
    schema: atLeast(0.01, 'days').default(400),
    description: 'how long the store keeps roll-ups of readings by hour',
  },
});

export type SettingKey = keyof typeof SETTINGS;
export const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(SETTINGS, key);
export const SETTING_KEYS: SettingKey[] = Object.keys(SETTINGS).filter(isSettingKey);
export type Settings = { [K in SettingKey]: z.output<(typeof SETTINGS)[K]['schema']> };

/** The long flag without dashes and argument, such as `state-dir`. */
export function flagName(key: SettingKey): string {
  return SETTINGS[key].flag.replace(/^--| .*/g, '');
}
