/** What `up` runs: the centre and a network's nodes, started together, watched, and ended in order. */
import { chmodSync, mkdirSync } from 'node:fs';
import { runCleanups } from '../lib/async/run-cleanups.js';
import { AppError } from '../lib/errors/app-error.js';
import { type Listener, listen } from '../lib/net/listen.js';
import { identify, stopProcesses } from '../lib/process/process-id.js';
import type { Supervisor } from '../lib/process/supervisor.js';
import type { Network, NetworkKind } from '../network/network.js';
import type { NetworkRunner, Services } from '../network/provider.js';
import { createControl, type EndpointChange } from './control-api.js';
import { claimRunState, clearRunState, type RunState, readRunState, writeRunState } from './run-state.js';
import { markSensorsStopped, reportNetworkStop } from './stopped-sensors.js';

export interface StackOptions {
  stateDir: string;
  kind: NetworkKind;
  token: string;
  /** What this `up` was asked for; no secrets. */
  settings: Record<string, unknown>;
  supervisor: Supervisor;
  centre: Services;
  runner: NetworkRunner;
  /** File with the private authority of an https proxy. */
  tlsCa?: string;
  /** Called when another terminal asks `up` to end. */
  onStop(): void;
}

/** How long processes of a dead `up` may take to end. */
const ORPHAN_GRACE_MS = 3_000;

/** Ends what a killed `up` left behind; gives the names of what still ran. Rejects with `ALREADY_UP` when one runs. */
export async function cleanUp(stateDir: string): Promise<string[]> {
  const state = readRunState(stateDir);
  if (!state) return [];
  if (state.alive) throw alreadyUp(state);
  const ended = await stopProcesses(state.children, ORPHAN_GRACE_MS);
  await markSensorsStopped(state, stateDir);
  const containers =
    state.network === 'compose'
      ? (await (await import('../network/compose/compose-orphans.js')).removeLeftovers(stateDir)).removed
      : [];
  if (state.network === 'remote') (await import('../network/remote/remote-secrets.js')).forgetSecrets(stateDir);
  clearRunState(stateDir, state.up);
  return [...ended.map(({ name }) => name), ...containers];
}

function alreadyUp(state: RunState | undefined): AppError {
  const who = state ? ` (pid ${state.up.pid}, network ${state.network})` : '';
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
    const { stateDir, kind, token, settings, supervisor, centre, runner, tlsCa } = this.options;
    mkdirSync(stateDir, { recursive: true });
    // What was written before, such as a log, may have made it with the usual permissions.
    chmodSync(stateDir, 0o700);
    const handlers = {
      stop: this.options.onStop,
      setEndpoints: async ({ puller, jobProxy }: EndpointChange) => {
        if (puller !== undefined) centre.endpoints.puller = await centre.movePuller(puller);
        if (jobProxy === null) delete centre.endpoints.jobProxy;
        else if (jobProxy !== undefined) centre.endpoints.jobProxy = jobProxy;
        this.save({ endpoints: centre.endpoints });
      },
      setRegionLink: (region: string, connected: boolean) => {
        if (runner.setRegionLink) return runner.setRegionLink(region, connected);
        throw new AppError('NOT_OFFERED', 'user', `the ${kind} network does not cut regions through \`up\``);
      },
    };
    const app = createControl(token, handlers);
    this.control = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0, purpose: 'control API', flag: '' });
    const state: RunState = {
      up: identify('up', process.pid)!,
      began: Date.now(),
      network: kind,
      phase: 'starting',
      control: this.control.url,
      endpoints: centre.endpoints,
      ...(tlsCa === undefined ? {} : { tlsCa }),
      facts: {},
      settings,
      children: [],
    };
    if (!claimRunState(stateDir, state)) throw alreadyUp(readRunState(stateDir));
    this.state = state;
    if (this.stopping) throw new Error('it was ended before it had begun');
    supervisor.on('change', this.saveChildren);
    this.saveChildren();
    const [{ network, facts, endpoints }] = await Promise.all([runner.start(), centre.start()]);
    Object.assign(centre.endpoints, endpoints);
    this.save({ phase: 'ready', facts, endpoints: centre.endpoints });
    return network;
  }

  /**
   * Ends everything, sensors first; nothing is left behind. What fails keeps nothing else from ending; then it rejects
   * with the first failure.
   */
  async stop(): Promise<void> {
    const { supervisor, centre, runner, stateDir, token } = this.options;
    this.stopping = true;
    supervisor.close();
    await runCleanups([
      () => this.state && !runner.sensorsRunOn && reportNetworkStop(centre.endpoints.puller, token, this.state.began),
      () => runner.stop(),
      () => centre.stop(),
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
