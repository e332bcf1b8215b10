/** What `up` runs: the centre and a network's nodes, started together, watched, and ended in order. */
import { mkdirSync } from 'node:fs';
import { AppError } from '../core/errors.js';
import { type Listener, listen } from '../lib/listen.js';
import { endProcesses, identify } from '../lib/processes.js';
import type { Supervisor } from '../lib/supervisor.js';
import type { Centre } from './centre.js';
import { createControl, type EndpointChange } from './control.js';
import type { Network, NetworkKind } from './network.js';
import { clearRunState, type RunState, readRunState, writeRunState } from './run-state.js';
import type { NetworkRunner } from './runner.js';

export interface StackOptions {
  stateDir: string;
  kind: NetworkKind;
  token: string;
  supervisor: Supervisor;
  centre: Centre;
  runner: NetworkRunner;
  /** Called when another terminal asks `up` to end. */
  onStop(): void;
}

/** How long processes of a dead `up` may take to end. */
const ORPHAN_GRACE_MS = 3_000;

/** Ends what a killed `up` left behind; gives the names of what still ran. Rejects with `ALREADY_UP` when one runs. */
export async function cleanUp(stateDir: string): Promise<string[]> {
  const state = readRunState(stateDir);
  if (!state) return [];
  if (state.alive)
    throw new AppError(
      'ALREADY_UP',
      'user',
      `\`up\` runs already here (pid ${state.up.pid}, network ${state.network})`,
    );
  const ended = await endProcesses(state.children, ORPHAN_GRACE_MS);
  const containers =
    state.network === 'compose' ? await (await import('./compose/leftovers.js')).removeLeftovers(stateDir) : [];
  clearRunState(stateDir);
  return [...ended.map(({ name }) => name), ...containers];
}

export class Stack {
  private control: Listener | undefined;
  private state: RunState | undefined;
  private readonly saveChildren = () => this.save({ children: this.options.supervisor.running });

  constructor(private readonly options: StackOptions) {}

  /** Resolves when every service is ready and every node connected. After a rejection call {@link stop} too. */
  async start(): Promise<Network> {
    const { stateDir, kind, token, supervisor, centre, runner } = this.options;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
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
    const up = identify('up', process.pid)!;
    this.state = {
      up,
      network: kind,
      phase: 'starting',
      control: this.control.url,
      endpoints: centre.endpoints,
      facts: {},
      children: [],
    };
    supervisor.on('change', this.saveChildren);
    this.saveChildren();
    const [{ network, facts, endpoints }] = await Promise.all([runner.start(), centre.start()]);
    Object.assign(centre.endpoints, endpoints);
    this.save({ phase: 'ready', facts, endpoints: centre.endpoints });
    return network;
  }

  /** Ends everything, sensors first; nothing is left behind. */
  async stop(): Promise<void> {
    const { supervisor, centre, runner, stateDir } = this.options;
    await runner.stop();
    await centre.stop();
    await this.control?.close(0);
    supervisor.off('change', this.saveChildren);
    clearRunState(stateDir);
  }

  private save(change: Partial<RunState>): void {
    if (!this.state) return;
    this.state = { ...this.state, ...change };
    writeRunState(this.options.stateDir, this.state);
  }
}
