/** What `up` runs: services and a network's nodes, started together, watched, and stopped in order. */
import { chmodSync, mkdirSync } from 'node:fs';
import { runCleanups } from '../lib/async/run-cleanups.js';
import { AppError } from '../lib/errors/app-error.js';
import { type Listener, listen } from '../lib/net/listen.js';
import { identify } from '../lib/process/process-id.js';
import type { Supervisor } from '../lib/process/supervisor.js';
import type { Network } from '../network/network.js';
import type { NetworkPlan, NetworkProvider, Services } from '../network/provider.js';
import type { EndpointChange } from './control-client.js';
import { createControl } from './control-server.js';
import { claimRunState, clearRunState, type RunState, readRunState, writeRunState } from './run-state.js';
import { reportNetworkStop } from './stopped-sensors.js';

export interface StackOptions {
  stateDir: string;
  provider: NetworkProvider;
  plan: NetworkPlan;
  services: Services;
  /** Where sensors reach the proxy. */
  proxyUrl: string;
  token: string;
  /** What this `up` was asked for; no secrets. */
  settings: Record<string, unknown>;
  supervisor: Supervisor;
  /** File with the private authority of an https proxy. */
  tlsCa?: string;
  /** Called when another terminal asks `up` to end. */
  onStop(): void;
}

export function alreadyUp(state: RunState | undefined): AppError {
  const who = state ? ` (pid ${state.up.pid}, network ${state.kind})` : '';
  return new AppError('ALREADY_UP', 'user', `another \`up\` runs in this folder${who}`, {
    hint: 'Run `wasm-sensors up` again to join it, or use another folder.',
  });
}

export class Stack {
  private stopping = false;
  private control: Listener | undefined;
  private state: RunState | undefined;
  private starting: Promise<Network> | undefined;
  private readonly saveChildren = () => this.save({ children: this.options.supervisor.running });

  constructor(private readonly options: StackOptions) {}

  /** Resolves when every service is ready and every node connected. After a rejection call {@link stop} too. */
  start(): Promise<Network> {
    return (this.starting = this.bringUp());
  }

  private async bringUp(): Promise<Network> {
    const { stateDir, provider, plan, services, proxyUrl, token, settings, supervisor, tlsCa } = this.options;
    mkdirSync(stateDir, { recursive: true });
    // What was written before, such as a log, may have made it with the usual permissions.
    chmodSync(stateDir, 0o700);
    const handlers = {
      stop: this.options.onStop,
      setEndpoints: async ({ puller, jobProxy }: EndpointChange) => {
        if (puller !== undefined) services.endpoints.puller = await services.movePuller(puller);
        if (jobProxy === null) delete services.endpoints.jobProxy;
        else if (jobProxy !== undefined) services.endpoints.jobProxy = jobProxy;
        this.save({ endpoints: services.endpoints });
      },
      setRegionLink: (region: string, connected: boolean) => {
        if (plan.setRegionLink) return plan.setRegionLink(region, connected);
        throw new AppError('NOT_OFFERED', 'user', `the ${provider.kind} network does not cut regions through \`up\``);
      },
    };
    const app = createControl(token, handlers);
    this.control = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0, purpose: 'control API', flag: '' });
    const state: RunState = {
      up: identify('up', process.pid)!,
      began: Date.now(),
      kind: provider.kind,
      phase: 'starting',
      control: this.control.url,
      endpoints: services.endpoints,
      ...(tlsCa === undefined ? {} : { tlsCa }),
      connection: {},
      settings,
      children: [],
    };
    if (!claimRunState(stateDir, state)) throw alreadyUp(readRunState(stateDir));
    this.state = state;
    if (this.stopping) throw new Error('it was ended before it had begun');
    supervisor.on('change', this.saveChildren);
    this.saveChildren();
    const [{ connection, endpoints }] = await Promise.all([plan.start({ proxyUrl }), services.start()]);
    Object.assign(services.endpoints, endpoints);
    this.save({ phase: 'ready', connection, endpoints: services.endpoints });
    return provider.open(connection, { stateDir, token, setRegionLink: handlers.setRegionLink });
  }

  /**
   * Ends everything, sensors first; nothing is left behind. What fails keeps nothing else from ending; then it rejects
   * with the first failure.
   */
  async stop(): Promise<void> {
    const { supervisor, services, plan, provider, stateDir, token } = this.options;
    this.stopping = true;
    supervisor.close();
    await runCleanups([
      () =>
        this.state &&
        !provider.capabilities.sensorsOutliveUp &&
        reportNetworkStop(services.endpoints.puller, token, this.state.began),
      () => plan.stop(),
      () => services.stop(),
      // It may be about to open its control API, and to see only then that it is to end.
      () => this.starting?.catch(() => {}),
      () => this.control?.close(0),
      () => supervisor.off('change', this.saveChildren),
      () => this.state && clearRunState(stateDir, this.state.up),
    ]);
  }

  private save(change: Partial<RunState>): void {
    if (!this.state) return;
    this.state = { ...this.state, ...change };
    writeRunState(this.options.stateDir, this.state);
  }
}
