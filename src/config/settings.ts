/**
 * Every setting of the program, once: its flag, environment variables, schema, default and help text. Commands take
 * the ones they need from here, `--help` and `wasm-sensors settings` are made from it.
 */
import { z } from 'zod';
import { FIT_FOR_HEADER } from '../lib/net/bearer-token.js';

export interface SettingDef<T = unknown> {
  /** As commander takes it; the key in `wasm-sensors.yaml` is the long flag without its dashes. */
  flag: string;
  /** Environment variables, strongest first; also read from `.env`. */
  env: string[];
  schema: z.ZodType<T>;
  description: string;
  /** Never shown. */
  secret?: boolean;
}

/** A number, also as text. Of blank text, null and true, JavaScript would make 0, 0 and 1; here they are no numbers. */
const numeric = <T extends z.ZodNumber>(schema: T) =>
  z.preprocess((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value), schema);

const port = numeric(
  z
    .number({ error: 'must be a port number' })
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must be a port number from 0 to 65535' })
    .max(65_535, { error: 'must be a port number from 0 to 65535' }),
);

const count = (min: number, max: number) =>
  numeric(
    z
      .number({ error: 'must be a number' })
      .int({ error: 'must be a whole number' })
      .min(min, { error: `must be at least ${min}` })
      .max(max, { error: `must be at most ${max}` }),
  );

const text = z.string().min(1, { error: 'must not be empty' });
const bearer = text.regex(FIT_FOR_HEADER, { error: 'must be plain ASCII on one line' });
/** An http(s) URL, without slashes at its end. */
export const url = z
  .string()
  .refine((value) => /^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''), {
    error: 'must be a URL that begins with http:// or https://',
  })
  .transform((value) => value.replace(/\/+$/, ''));
const flag = z.union([z.boolean(), z.enum(['true', 'false', '1', '0']).transform((v) => v === 'true' || v === '1')], {
  error: 'must be true or false',
});
const seconds = (min: number) =>
  numeric(z.number({ error: 'must be a number of seconds' }).min(min, { error: `must be at least ${min}` }));
const list = <const T extends string>(values: readonly T[]) =>
  z
    .union([z.array(z.string()), z.string().transform((s) => s.split(','))])
    .pipe(z.array(z.enum(values, { error: `must be a list of: ${values.join(', ')}` })));

const names = z
  .union([z.array(z.string()), z.string().transform((s) => s.split(','))])
  .pipe(z.array(z.string().trim().min(1, { error: 'must be a list of names' })));

/** The kinds that `--network` takes; `registerProvider` of `network/registry.ts` adds to them. */
export const networkKinds = new Set(['embedded', 'native', 'compose', 'remote']);
const notAKind = () => {
  const kinds = [...networkKinds];
  return `must be ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
};
const networkKind = z.string({ error: notAKind }).refine((kind) => networkKinds.has(kind), { error: notAKind });

const define = <T extends Record<string, SettingDef>>(table: T) => table;

export const SETTINGS = define({
  network: {
    flag: '--network <kind>',
    env: ['WASM_SENSORS_NETWORK'],
    schema: networkKind.default('embedded'),
    description: 'where jobs run: embedded (in this program), native, compose or remote',
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
    description: 'folder of everything that is generated',
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
    description: 'further names, separated by commas, that a request may give as its Host; beyond loopback: only these',
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
    description: 'the endpoint checks no signatures, as the embedded queue server: calls without them cost less',
  },
  awsRegion: {
    flag: '--aws-region <region>',
    env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    schema: text.optional(),
    description: 'AWS region of the queue, where its URL does not tell',
  },
  proxyUrl: {
    flag: '--proxy-url <url>',
    env: ['WASM_SENSORS_PROXY_URL'],
    schema: url.optional(),
    description: 'where sensors reach the proxy, when it is not where it listens',
  },
  proxies: {
    flag: '--proxies <urls>',
    env: ['WASM_SENSORS_PROXIES'],
    schema: z
      .union([z.array(z.string()), z.string().transform((s) => s.split(','))])
      .pipe(z.array(url))
      .optional(),
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
    description: 'the puller to look at, when it is not the one of `up`',
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
    description: "signer of the certificate of the orchestrator's API (PEM), where this machine does not know it",
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
  sensorToken: {
    flag: '--sensor-token-file <file>',
    env: ['SENSOR_TOKEN'],
    schema: bearer.optional(),
    description: 'token that sensors must send (the flag names a file that holds it)',
    secret: true,
  },
  tokenInJob: {
    flag: '--token-in-job',
    env: ['WASM_SENSORS_TOKEN_IN_JOB'],
    schema: flag.default(false),
    description: 'remote network: the sensor token goes into the job, where users of the cluster can read it',
  },
  open: {
    flag: '--open',
    env: ['WASM_SENSORS_OPEN'],
    schema: flag.default(false),
    description: 'take readings without a token also when listening beyond loopback',
  },
  rateLimit: {
    flag: '--rate-limit <per-second>',
    env: ['WASM_SENSORS_RATE_LIMIT'],
    schema: numeric(z.number({ error: 'must be a number' }).min(0, { error: 'must be at least 0' })).default(0),
    description: 'readings a second of one sensor, by the host it names: slows down a faulty one; 0 = any number',
  },
  tlsCert: {
    flag: '--tls-cert <file>',
    env: ['WASM_SENSORS_TLS_CERT'],
    schema: text.optional(),
    description: 'certificate (PEM): the proxy speaks https',
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
      'private authority (PEM) of the https proxy, for sensors and commands here; a self-signed --tls-cert is one',
  },
  sinks: {
    flag: '--sinks <list>',
    env: ['WASM_SENSORS_SINKS'],
    schema: list(['store', 'log', 'alert']).default(['store', 'log', 'alert']),
    description: 'what the puller does with readings: store, log, alert',
  },
  pollers: {
    flag: '--pollers <count>',
    env: ['WASM_SENSORS_POLLERS'],
    schema: count(1, 64).default(4),
    description: 'long polls of the puller at the same time',
  },
  alertAfter: {
    flag: '--alert-after <seconds>',
    env: ['WASM_SENSORS_ALERT_AFTER'],
    schema: seconds(1).default(10),
    description: 'alert when a region has sent nothing for so long',
  },
  webhook: {
    flag: '--webhook <url>',
    env: ['WASM_SENSORS_WEBHOOK'],
    schema: url.optional(),
    description: 'where alerts are POSTed as JSON',
    secret: true,
  },
  retention: {
    flag: '--retention <hours>',
    env: ['WASM_SENSORS_RETENTION'],
    schema: numeric(
      z.number({ error: 'must be a number of hours' }).min(0.01, { error: 'must be at least 0.01' }),
    ).default(24),
    description: 'how long the store keeps readings',
  },
});

export type SettingKey = keyof typeof SETTINGS;
export type Settings = { [K in SettingKey]: z.output<(typeof SETTINGS)[K]['schema']> };

/** The long flag without dashes and argument: `state-dir`. */
export function flagName(key: SettingKey): string {
  return /--([a-z-]+)/.exec(SETTINGS[key].flag)![1]!;
}
