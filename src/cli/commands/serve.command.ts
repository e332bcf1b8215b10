/** The services, each in a process of its own; what they are made of is in `cli/services`. */
import { SERVICE_SETTINGS } from '../../config/service-config.js';
import { command } from '../command.js';
import * as option from '../options.js';

export const proxyServe = command({
  name: 'proxy serve',
  modes: [],
  summary: 'run the proxy: POST /send takes readings and puts them into the queue',
  settings: SERVICE_SETTINGS.proxy,
  settingTexts: {
    store:
      'sqlite, or the URL of the PostgreSQL database of the pullers: all proxies with it share the fleet configuration',
  },
  examples: [
    'wasm-sensors proxy serve --queue https://sqs.eu-west-1.amazonaws.com/123456789012/readings',
    'wasm-sensors proxy serve --queue readings --follow http://10.0.0.5:9090',
    `curl -X POST http://localhost:9090/send -H 'Content-Type: application/json' -d '{"data":{"test":"hello"}}'`,
  ],
  action: async (context) => (await import('../services/proxy.js')).serveProxy(context),
});

export const RELAY_OPTIONS = {
  upstream: option.mandatory(
    '--upstream <url>',
    'the proxy that gets the readings, and has the configuration',
    option.url,
  ),
  region: option.mandatory('--region <region>', 'the region of its sensors', option.text),
  name: option.value('--name <name>', 'tells it from others of its region (default: name of the machine)', option.text),
  data: option.value('--data <file>', 'file of the readings (default: in the state folder)', option.text),
  maxBytes: option.value('--max-bytes <size>', 'what they may take of the disk', option.bytes, '1GiB'),
};
export const relayServe = command({
  name: 'relay serve',
  modes: [],
  summary: 'run a relay: the proxy of a site, which keeps readings on its disk and forwards them',
  settings: SERVICE_SETTINGS.relay,
  settingTexts: {
    proxyPort: 'port of the relay',
    proxyUrl: 'URL at which sensors reach the relay, when it is not where it listens',
  },
  options: RELAY_OPTIONS,
  examples: ['wasm-sensors relay serve --upstream https://proxy.example.com --region eu'],
  action: async (context) => (await import('../services/relay.js')).serveRelay(context),
});

export const pullerServe = command({
  name: 'puller serve',
  modes: [],
  summary: 'run the puller: takes readings from the queue to sinks, and serves the fleet view and the web page',
  settings: SERVICE_SETTINGS.puller,
  onePort: true,
  examples: ['wasm-sensors puller serve --queue readings --sinks store,log'],
  action: async (context) => (await import('../services/puller.js')).servePuller(context),
});

export const QUEUE_OPTIONS = {
  data: option.value('--data <file>', 'file of the store (default: queue.db in the state folder)', option.text),
  create: option.value(
    '--create <name>',
    'create this queue (with --shards, those of all shards) and its dead-letter queue <name>-dead',
    option.text,
  ),
  baseUrl: option.value('--base-url <url>', 'origin of the queue URLs that clients are given', option.url),
  purgeInterval: option.flag('--no-purge-interval', 'allow PurgeQueue of a queue more often than once in 60 seconds'),
};
export const queueServe = command({
  name: 'queue serve',
  modes: [],
  summary: 'run the embedded SQS-compatible queue server (durable; for AWS SDKs, boto3 and the AWS CLI)',
  settings: SERVICE_SETTINGS.queue,
  onePort: true,
  options: QUEUE_OPTIONS,
  examples: [
    'wasm-sensors queue serve --create readings',
    'aws sqs receive-message --endpoint-url http://127.0.0.1:9324 --queue-url http://127.0.0.1:9324/000000000000/readings',
  ],
  action: async (context) => (await import('../services/queue.js')).serveQueue(context),
});

export const SENSORS_OPTIONS = {
  port: option.mandatory('--port <port>', 'port of the control API', option.integer(0)),
  jobs: option.mandatory(
    '--jobs <file>',
    'keeps the jobs, so that a restarted host runs them again; modules of the user are in modules/ beside it',
    option.text,
  ),
};
export const sensorsServe = command({
  name: 'sensors serve',
  modes: [],
  summary: 'run the sensor host of the embedded network (started by `up`)',
  hidden: true,
  settings: SERVICE_SETTINGS.sensors,
  options: SENSORS_OPTIONS,
  action: async (context) => (await import('../services/sensors.js')).serveSensors(context),
});
