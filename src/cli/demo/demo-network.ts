/** The network of a demo: in a folder, a Docker project and on ports of its own, and gone at the end. */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadSettings } from '../../config/load-settings.js';
import type { Resolved } from '../../config/resolve-settings.js';
import { SETTINGS, type SettingKey } from '../../config/settings.js';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import { runCleanups } from '../../lib/async/run-cleanups.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { Network } from '../../network/network.js';
import { type ConfigTarget, knownJobs } from '../../operations/config/config-target.js';
import type { ConfigClient } from '../../proxy/config-client.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { removeNetworkData, removeOrphans } from '../../runtime/orphans.js';
import { type PlannedStack, planStack } from '../../runtime/plan-stack.js';
import { quarantineDamagedState, readRunState } from '../../runtime/run-state.js';
import { askedFor } from '../commands/up/up-settings.js';
import type { UpEvent } from '../output/up-text.js';

/** In the working folder. */
export const DEMO_FOLDER = '.wasm-sensors-demo';

export interface DemoNetworkOptions {
  kind: string;
  /** Edge nodes in each region. */
  nodes: number;
  /** A region that has been silent for this long raises an alert. */
  alertAfter: number;
  /** The `bacalhau` program. */
  bacalhau?: string | undefined;
  emit(event: UpEvent): void;
  /** Called when another terminal runs `down`. */
  onStop(): void;
}

/** Ports that nobody else has: an `up` of the user may start at any time. */
const ANY_PORT: Partial<Record<SettingKey, number>> = {
  proxyPort: 0,
  pullerPort: 0,
  queuePort: 0,
  apiPort: 0,
  natsPort: 0,
  webUiPort: 0,
};

export class DemoNetwork {
  readonly folder = resolve(DEMO_FOLDER);
  readonly options: DemoNetworkOptions;
  /** Alerts since the start, in order. */
  readonly alerts: AlertEvent[] = [];
  readonly #userFolder = process.cwd();
  readonly #closed = new AbortController();
  #planned: PlannedStack | undefined;
  #network: Network | undefined;
  #fleet: FleetClient | undefined;

  constructor(options: DemoNetworkOptions) {
    this.options = options;
  }

  get network(): Network {
    return this.#network ?? notStarted();
  }

  get fleet(): FleetClient {
    return this.#fleet ?? notStarted();
  }

  get proxy(): ConfigClient {
    return this.#planned?.proxy ?? notStarted();
  }

  /** The operator token. */
  get token(): string {
    return this.#planned?.token ?? notStarted();
  }

  /** The web page; undefined before the start. */
  get page(): string | undefined {
    return this.#network && this.#planned?.endpoints.puller;
  }

  get target(): Required<ConfigTarget> {
    const { network } = this;
    return {
      ...{ proxies: [this.proxy], fleet: this.fleet },
      jobs: () => knownJobs(network),
      nodes: () => network.nodes(),
    };
  }

  /** Resolves when every node is connected. After a rejection call {@link stop} too. */
  async start(): Promise<void> {
    const settings = this.#settings();
    const planned = await planStack({
      settings,
      registry: false,
      asked: askedFor(settings.values, false),
      emit: this.options.emit,
      onStop: this.options.onStop,
    });
    this.#planned = planned;
    const network = await planned.stack.start();
    this.#fleet = new FleetClient(() => planned.endpoints.puller, { token: planned.token });
    this.#network = network;
    void this.#followAlerts(this.#fleet);
  }

  /** Takes the folder. Rejects with `ALREADY_UP` when a demo runs in it; what a killed one left is removed. */
  async claim(): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    quarantineDamagedState(this.folder);
    const state = readRunState(this.folder);
    if (state?.alive) {
      throw new AppError('ALREADY_UP', `a demo runs in this folder already (pid ${state.up.pid})`, {
        hint: `End it there, or with \`wasm-sensors down --state-dir ${DEMO_FOLDER}\`; or use another folder.`,
      });
    }
    await removeOrphans(this.folder);
    if (state) await removeNetworkData(this.folder, state);
    rmSync(this.folder, { recursive: true });
    mkdirSync(this.folder, { mode: 0o700 });
    this.#leaveUser();
  }

  /** Stops everything and removes its data. `keepLogs`: leaves the folder, for the logs in it. */
  async stop(keepLogs: boolean): Promise<void> {
    this.#closed.abort();
    await runCleanups([
      async () => {
        const state = readRunState(this.folder);
        await this.#planned?.stack.stop();
        if (this.#planned?.provider.removeData) await removeNetworkData(this.folder, state);
      },
      async () => {
        process.chdir(this.#userFolder);
        if (!keepLogs) rmSync(this.folder, { recursive: true, force: true });
      },
    ]);
  }

  get logs(): string {
    return join(DEMO_FOLDER, 'logs');
  }

  /**
   * From here on the user's `.env`, `wasm-sensors.yaml` and variables have no effect: the demo uses no queue and no
   * Docker project of the user's, and what it writes into its working folder is its own.
   */
  #leaveUser(): void {
    for (const { env } of Object.values(SETTINGS)) for (const name of env) delete process.env[name];
    process.env.COMPOSE_PROJECT_NAME = `${process.env.COMPOSE_PROJECT_NAME || 'wasm-sensors'}-demo`;
    process.chdir(this.folder);
  }

  #settings(): Resolved {
    const { kind, nodes, alertAfter, bacalhau } = this.options;
    return loadSettings({
      ...ANY_PORT,
      ...{ network: kind, nodes, alertAfter, stateDir: this.folder },
      ...(bacalhau === undefined ? {} : { bacalhau }),
    });
  }

  async #followAlerts(fleet: FleetClient): Promise<void> {
    try {
      for await (const event of fleet.events({ kinds: ['alert'], signal: this.#closed.signal })) {
        if (event.event === 'alert') this.alerts.push(event);
      }
    } catch {
      // The demo ends, or an alert will not be seen, which its step reports.
    }
  }
}

function notStarted(): never {
  throw new Error('the network of the demo has not been started');
}
