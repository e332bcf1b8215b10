/** What `up` runs: services and a network's nodes, started together, watched, and stopped in order. */
import { chmodSync, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCleanups } from '../lib/async/run-cleanups.js';
import { AppError } from '../lib/errors/app-error.js';
import { hostNames } from '../lib/net/browser-guard.js';
import { type Listener, listen } from '../lib/net/http-server.js';
import { identify, type ProcessId } from '../lib/process/process-id.js';
import type { Supervisor } from '../lib/process/supervisor.js';
import type { Network } from '../network/network.js';
import type { NetworkPlan, NetworkProvider, Services } from '../network/provider.js';
import { FleetClient } from '../puller/fleet-client.js';
import { type ControlHandlers, createControl, type EndpointChange } from './control-server.js';
import { claimRunState, clearRunState, type RunState, readRunState, writeRunState } from './run-state.js';

export interface StackOptions {
  provider: NetworkProvider;
  plan: NetworkPlan;
  services: Services;
  supervisor: Supervisor;
  stateDir: string;
  token: string;
  /** Where sensors reach the proxy. */
  proxyUrl: string;
  /** That it was asked to use; no secrets. */
  queue: Record<string, unknown>;
  /** File with the private authority of an https proxy. */
  tlsCa?: string;
  /** Called when another terminal asks `up` to stop. */
  onStop(): void;
}

/** `up`: found without its `run.json`. */
export function alreadyUp(state: (RunState & { alive: boolean }) | undefined, up?: ProcessId): AppError {
  if (!state?.alive && up) {
    return new AppError('ALREADY_UP', `another \`up\` runs in this folder (pid ${up.pid}), and its run.json is gone`, {
      hint: 'Run `wasm-sensors down`, then `wasm-sensors up`; or use another folder.',
    });
  }
  const who = state ? ` (pid ${state.up.pid}, network ${state.kind})` : '';
  return new AppError('ALREADY_UP', `another \`up\` runs in this folder${who}`, {
    hint: '`wasm-sensors top` shows it, `wasm-sensors deploy publisher` deploys to it, `wasm-sensors down` ends it. Or use another folder.',
  });
}

/** All sensors have stopped after this; Docker takes the longest. */
const ALL_STOPPED_MS = 60_000;
/** The report changes only what is shown, so `up` does not wait longer for a puller that hangs. */
const REPORT_TIMEOUT_MS = 500;

export class Stack {
  readonly #saveChildren = () => this.#save({ children: this.options.supervisor.running });
  #stopping = false;
  #control: Listener | undefined;
  #state: RunState | undefined;
  #starting: Promise<Network> | undefined;

  constructor(private readonly options: StackOptions) {}

  /** Resolves when every service is ready and every node connected. After a rejection call {@link stop} too. */
  start(): Promise<Network> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<Network> {
    const { provider, plan, proxyUrl, services, supervisor, stateDir, token } = this.options;
    mkdirSync(stateDir, { recursive: true });
    // It may have been there before, with other permissions.
    chmodSync(stateDir, 0o700);
    const handlers = this.#handlers();
    const { fetch } = createControl(handlers, { token, hosts: hostNames('127.0.0.1', undefined) });
    this.#control = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'control API', flag: '' });
    this.#claim(this.#control.url);
    if (this.#stopping) throw new Error('`up` was stopped before it started anything');
    supervisor.on('change', this.#saveChildren);
    this.#saveChildren();
    const [{ connection, endpoints }] = await Promise.all([plan.start({ proxyUrl }), services.start()]);
    Object.assign(services.endpoints, endpoints);
    this.#save({ phase: 'ready', connection, endpoints: services.endpoints });
    return provider.open(connection, { stateDir, token, setRegionLink: handlers.setRegionLink });
  }

  /** Rejects with `ALREADY_UP` when another `up` has the state folder. */
  #claim(control: string): void {
    const { provider, services, stateDir, queue, tlsCa } = this.options;
    const state: RunState = {
      up: identify('up', process.pid)!,
      began: Date.now(),
      kind: provider.kind,
      phase: 'starting',
      control,
      endpoints: services.endpoints,
      ...(tlsCa === undefined ? {} : { tlsCa }),
      connection: {},
      settings: queue,
      children: [],
    };
    if (!claimRunState(stateDir, state)) throw alreadyUp(readRunState(stateDir));
    this.#state = state;
  }

  #handlers(): ControlHandlers {
    const { provider, plan, services, onStop } = this.options;
    return {
      stop: onStop,
      setEndpoints: async ({ puller, jobProxy }: EndpointChange) => {
        if (puller !== undefined) services.endpoints.puller = await services.movePuller(puller);
        if (jobProxy === null) delete services.endpoints.jobProxy;
        else if (jobProxy !== undefined) services.endpoints.jobProxy = jobProxy;
        this.#save({ endpoints: services.endpoints });
      },
      setRegionLink: async (region, connected) => {
        if (plan.setRegionLink) return plan.setRegionLink(region, connected);
        throw new AppError('NOT_OFFERED', `the ${provider.kind} network does not cut regions through \`up\``);
      },
    };
  }

  /** Stops everything, sensors first. It continues after a failure, and rejects with the first one at the end. */
  async stop(): Promise<void> {
    const { provider, plan, services, supervisor, stateDir, token } = this.options;
    this.#stopping = true;
    supervisor.close();
    await runCleanups([
      async () => {
        if (!this.#state || provider.capabilities.sensorsOutliveUp) return;
        // So that the view of the next network shows no failures.
        const networkEnds = { since: this.#state.began, by: Date.now() + ALL_STOPPED_MS };
        const fleet = new FleetClient(services.endpoints.puller, { retryForMs: 0 });
        const reported = fleet.annotate({ networkEnds }, token);
        await Promise.race([reported, sleep(REPORT_TIMEOUT_MS, undefined, { ref: false })]);
      },
      () => plan.stop(),
      () => services.stop(),
      // A start that is still under way may open its control API before it notices the stop.
      () => this.#starting?.catch(() => {}),
      () => this.#control?.close(0),
      () => supervisor.off('change', this.#saveChildren),
      () => this.#state && clearRunState(stateDir, this.#state.up),
    ]);
  }

  #save(change: Partial<RunState>): void {
    if (!this.#state) return;
    this.#state = { ...this.#state, ...change };
    writeRunState(this.options.stateDir, this.#state);
  }
}
