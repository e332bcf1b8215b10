/** What a network with a PostgreSQL store has besides that of `up`: more pullers of its shards, and a proxy that is equal to its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceCommand } from '../../../config/service-config.js';
import { freePort } from '../../../lib/net/choose-port.js';
import type { ProcessId } from '../../../lib/process/process-id.js';
import { selfCommand } from '../../../lib/process/self-command.js';
import { Supervisor } from '../../../lib/process/supervisor.js';

const PULLERS = ['puller-2', 'puller-3'];
const PROXY = 'proxy-2';

export class Further {
  readonly names = [...PULLERS, PROXY];
  readonly proxyUrl: string;
  /** Folder of their logs. */
  readonly logs: string;
  readonly #supervisor: Supervisor;

  private constructor(supervisor: Supervisor, logs: string, proxyUrl: string) {
    this.logs = logs;
    this.#supervisor = supervisor;
    this.proxyUrl = proxyUrl;
  }

  /** `folder`: of their states and logs. `queue`: URL of the queue server of `up`. */
  static async start(
    folder: string,
    env: Record<string, string>,
    { queue: queueEndpoint, ...shared }: { queue: string; store: string; shards: number; token: string | undefined },
  ): Promise<Further> {
    const logs = join(folder, 'logs');
    const supervisor = new Supervisor(logs, () => env);
    const port = await freePort();
    const queue = { queue: `${queueEndpoint}/000000000000/wasm-sensors`, queueEndpoint, queueUnsigned: true };
    const of = (name: string) => ({ ...shared, ...queue, stateDir: join(folder, name) });
    // With another port each time: who starts again at the URL of a dead puller need not wait for the end of its lease.
    const pullers = PULLERS.map((name) => ({
      name,
      service: serviceCommand('puller', { ...of(name), pullerPort: 0, sinks: ['store', 'alert'] }),
    }));
    const proxy = { name: PROXY, service: serviceCommand('proxy', { ...of(PROXY), proxyPort: port, pack: true }) };
    const further = new Further(supervisor, logs, `http://127.0.0.1:${port}`);
    try {
      for (const { name, service } of [...pullers, proxy]) {
        await supervisor.start({ name, ...selfCommand(service.args), env: service.env, ready: 'ipc' });
      }
    } catch (error) {
      await further.stop();
      throw error;
    }
    return further;
  }

  get running(): ProcessId[] {
    return this.#supervisor.running;
  }

  /** Of the HTTP API of a puller that listens. */
  urlOf(puller: string): string | undefined {
    return readFileSync(this.#supervisor.logFile(puller), 'utf8')
      .match(/puller on (http:\S+)/g)
      ?.at(-1)
      ?.slice(10);
  }

  async stop(): Promise<void> {
    this.#supervisor.close();
    await this.#supervisor.stop(this.names);
  }
}
