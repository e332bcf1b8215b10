/**
 * The centre of a network whose central services run on this machine: queue, proxy and puller as child processes, each
 * the same subcommand that a container or a service job runs.
 */
import { join } from 'node:path';
import { type AppError, usageError } from '../core/errors.js';
import { reachableAt } from '../lib/listen.js';
import { choosePort, type PortWish } from '../lib/ports.js';
import { selfCommand } from '../lib/self.js';
import type { ChildSpec, Supervisor } from '../lib/supervisor.js';
import type { Endpoints } from './run-state.js';
import type { NetworkEvent } from './runner.js';

/** Queue of readings, and the one for messages that nobody can take. */
export const QUEUE_NAME = 'wasm-sensors';

export interface CentreOptions {
  supervisor: Supervisor;
  stateDir: string;
  host: string;
  ports: { proxy: PortWish; puller: PortWish; queue: PortWish };
  /** An existing queue (URL or name); left out, the embedded one is started. */
  queue?: string;
  queueEndpoint?: string;
  /** Secrets and settings for the children, by environment. */
  env: Record<string, string>;
  /** Further arguments, such as `--open`. */
  proxyArgs: string[];
  pullerArgs: string[];
  emit(event: NetworkEvent): void;
}

export interface Centre {
  endpoints: Endpoints;
  /** Starts all at the same time; resolves when all are ready. */
  start(): Promise<void>;
  /** In the order of a message's way, so that what was accepted reaches the queue. */
  stop(): Promise<void>;
}

function samePort(wish: PortWish, other: PortWish): AppError {
  return usageError(
    'SAME_PORT',
    `port ${wish.port} is wanted for the ${wish.purpose} and for the ${other.purpose}`,
    `Give one of them another port with ${wish.flag} or ${other.flag}.`,
  );
}

/** Chooses the ports; nothing is started yet. */
export async function planCentre(options: CentreOptions): Promise<Centre> {
  const { supervisor, stateDir, host } = options;
  const taken = new Map<number, PortWish>();
  const take = async (wish: PortWish, address: string) => {
    const other = taken.get(wish.port);
    if (other) throw samePort(wish, other);
    const { port, moved } = await choosePort(wish, address);
    taken.set(port, wish);
    if (moved) options.emit({ type: 'network.port-moved', purpose: wish.purpose, wanted: wish.port, port });
    return port;
  };
  const [proxyPort, pullerPort] = [await take(options.ports.proxy, host), await take(options.ports.puller, host)];
  const queuePort = options.queue === undefined ? await take(options.ports.queue, '127.0.0.1') : undefined;
  const queueUrl = queuePort === undefined ? undefined : `http://127.0.0.1:${queuePort}`;
  const queue = options.queue ?? `${queueUrl}/000000000000/${QUEUE_NAME}`;
  const queueEnv: Record<string, string> = queueUrl
    ? { AWS_ENDPOINT_URL_SQS: queueUrl, WASM_SENSORS_QUEUE_UNSIGNED: 'true' }
    : options.queueEndpoint
      ? { AWS_ENDPOINT_URL_SQS: options.queueEndpoint }
      : {};
  const child = (name: string, args: string[], env: Record<string, string> = {}): ChildSpec => ({
    name,
    ...selfCommand(args),
    env: { ...options.env, ...env },
    ready: 'ipc',
  });
  const specs = [
    child(
      'proxy',
      [
        'proxy',
        'serve',
        '--host',
        host,
        '--port',
        String(proxyPort),
        '--queue',
        queue,
        '--state-dir',
        stateDir,
        ...options.proxyArgs,
      ],
      queueEnv,
    ),
    child(
      'puller',
      [
        'puller',
        'serve',
        '--host',
        host,
        '--port',
        String(pullerPort),
        '--queue',
        queue,
        '--state-dir',
        stateDir,
        ...options.pullerArgs,
      ],
      queueEnv,
    ),
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
  return {
    endpoints: {
      proxy: reachableAt(scheme, host, proxyPort),
      puller: reachableAt('http', host, pullerPort),
      ...(queueUrl === undefined ? {} : { queue: queueUrl }),
    },
    async start() {
      await Promise.all(specs.map((spec) => supervisor.start(spec)));
    },
    async stop() {
      await supervisor.stop(['proxy']);
      await supervisor.stop(['puller']);
      await supervisor.stop(['queue']);
    },
  };
}
