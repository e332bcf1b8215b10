/**
 * The centre of a network whose central services run on this machine: queue, proxy and puller as child processes, each
 * the same subcommand that a container or a service job runs.
 */
import { join } from 'node:path';
import { reachableAt } from '../lib/net/listen.js';
import type { PortWish } from '../lib/net/ports.js';
import { takePorts } from '../lib/net/take-ports.js';
import { selfCommand } from '../lib/process/self-command.js';
import type { ChildSpec, Supervisor } from '../lib/process/supervisor.js';
import type { NetworkEvent, Services } from '../network/provider.js';
import { QUEUE_NAME } from '../queue/queue-name.js';

export interface ServicesOptions {
  supervisor: Supervisor;
  stateDir: string;
  host: string;
  ports: { proxy: PortWish; puller: PortWish; queue: PortWish };
  /** An existing queue (URL or name); left out, the embedded one is started. */
  queue?: string;
  queueEndpoint?: string;
  /** Secrets and settings for proxy and puller, by environment. */
  env: Record<string, string>;
  /** Further arguments, such as `--open`. */
  proxyArgs: string[];
  pullerArgs: string[];
  emit(event: NetworkEvent): void;
}

/** Chooses the ports; nothing is started yet. */
export async function planServices(options: ServicesOptions): Promise<Services> {
  const { supervisor, stateDir, host } = options;
  const { proxy, puller, queue: own } = options.ports;
  const wishes = { proxy: { ...proxy, host }, puller: { ...puller, host } };
  const taken: { proxy: number; puller: number; queue?: number } = await (options.queue === undefined
    ? takePorts({ ...wishes, queue: own }, options.emit)
    : takePorts(wishes, options.emit));
  const { proxy: proxyPort, puller: pullerPort, queue: queuePort } = taken;
  const queueUrl = queuePort === undefined ? undefined : `http://127.0.0.1:${queuePort}`;
  const queue = options.queue ?? `${queueUrl}/000000000000/${QUEUE_NAME}`;
  const forQueue: Record<string, string> = queueUrl
    ? { AWS_ENDPOINT_URL_SQS: queueUrl, WASM_SENSORS_QUEUE_UNSIGNED: 'true' }
    : options.queueEndpoint
      ? { AWS_ENDPOINT_URL_SQS: options.queueEndpoint }
      : {};
  // The queue's own process needs none of it.
  const env = { ...options.env, ...forQueue };
  const child = (name: string, args: string[], env: Record<string, string> = {}): ChildSpec => ({
    name,
    ...selfCommand(args),
    env,
    ready: 'ipc',
  });
  const shared = ['--host', host, '--queue', queue, '--state-dir', stateDir];
  const pullerSpec = child(
    'puller',
    ['puller', 'serve', ...shared, '--port', String(pullerPort), ...options.pullerArgs],
    env,
  );
  const specs = [
    child('proxy', ['proxy', 'serve', ...shared, '--port', String(proxyPort), ...options.proxyArgs], env),
    pullerSpec,
  ];
  if (queuePort !== undefined) {
    specs.unshift(
      child('queue', [
        'queue',
        'serve',
        // It checks no credentials: whatever is told to the others, it stays on loopback.
        '--host',
        '127.0.0.1',
        '--port',
        String(queuePort),
        '--data',
        join(stateDir, 'queue.db'),
        '--create',
        QUEUE_NAME,
      ]),
    );
  }
  const scheme = options.proxyArgs.includes('--tls-cert') ? 'https' : 'http';
  const pullerUrl = reachableAt('http', host, pullerPort);
  return {
    endpoints: {
      proxy: reachableAt(scheme, host, proxyPort),
      puller: pullerUrl,
      ...(queueUrl === undefined ? {} : { queue: queueUrl }),
    },
    async start() {
      await Promise.all(specs.map((spec) => supervisor.start(spec)));
    },
    async movePuller(url) {
      if (url !== null) {
        await supervisor.stop([pullerSpec.name]);
        return url;
      }
      if (!supervisor.running.some(({ name }) => name === pullerSpec.name)) await supervisor.start(pullerSpec);
      return pullerUrl;
    },
    async stop() {
      await supervisor.stop(['proxy']);
      await supervisor.stop(['puller']);
      await supervisor.stop(['queue']);
    },
  };
}
