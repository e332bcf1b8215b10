/**
 * The processes of a native network. The orchestrator starts first (a node that starts before it waits 20 s for its next
 * try), then the nodes side by side, each on its region's link. A node that is slow holds nobody up: it comes later.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../lib/errors/app-error.js';
import { freePorts } from '../../lib/net/choose-port.js';
import { lastLines } from '../../lib/process/log-file.js';
import type { ChildSpec } from '../../lib/process/supervisor.js';
import { NodeList } from '../bacalhau/node-list.js';
import { isEdgeOf } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { PlanContext } from '../provider.js';
import type { RegionLinks } from '../region-links.js';
import { HOST, type NativePorts, type NodePlan, nodeProcess, orchestratorNode, timesOf } from './native-nodes.js';

/** How many start at the same time: more would only wait for each other's CPU. */
const STARTING_AT_ONCE = 16;
/** How long a node is waited for, and what each node of the network adds. */
const SLOW_MS = 20_000;
const SLOW_MS_PER_NODE = 200;
/** A node that has not come after so many times this long does not come any more: it is killed and started again. */
const HOPELESS = 3;

export interface NodesOptions {
  context: PlanContext;
  links: RegionLinks;
  folder: string;
  bacalhau: string;
  ports: NativePorts;
  /** How long each node is waited for, in milliseconds. */
  slowAfterMs?: number | undefined;
}

export class NativeNodes {
  readonly #list: NodeList;
  readonly #edgeCount: number;
  readonly #times: ReturnType<typeof timesOf>;
  readonly #slowAfterMs: number;
  /** By name: how each was started. */
  readonly #specs = new Map<string, ChildSpec>();
  readonly #connected = new Set<string>();
  readonly #late = new Set<string>();
  #stopped = false;

  constructor(private readonly options: NodesOptions) {
    const { context, ports } = options;
    this.#list = new NodeList(`http://${HOST}:${ports.api}`, ports.nats);
    this.#edgeCount = context.nodesPerRegion * REGIONS.length;
    this.#times = timesOf(this.#edgeCount);
    this.#slowAfterMs = options.slowAfterMs ?? SLOW_MS + this.#edgeCount * SLOW_MS_PER_NODE;
  }

  async startOrchestrator(): Promise<void> {
    const { context, bacalhau, folder, ports } = this.options;
    context.emit({ type: 'network.progress', step: 'orchestrator', done: 0, total: 1 });
    await this.#start(
      nodeProcess(bacalhau, folder, {
        ...orchestratorNode(ports, this.#edgeCount),
        apiPort: ports.api,
        readyTimeoutMs: SLOW_MS,
        hungAfterMs: this.#times.hungAfterMs,
        ready: (signal) => this.#list.orchestratorReady(signal),
      }),
    );
  }

  /** Resolves when all have come that come in time. Rejects with `CHILD_FAILED` where no edge node does. */
  async startNodes(plans: NodePlan[]): Promise<void> {
    const { emit } = this.options.context;
    const total = plans.length;
    const progress = (done: number) => emit({ type: 'network.progress', step: 'nodes connected', done, total });
    const apiPorts = await freePorts(total);
    const waiting = [...plans];
    let done = 0;
    progress(done);
    const worker = async () => {
      for (let plan = waiting.shift(); plan; plan = waiting.shift()) {
        if (await this.#comesInTime(this.#specOf(plan, apiPorts.pop()!))) progress(++done);
        else if (this.#connected.size === 0) {
          const log = this.options.context.supervisor.logFile(plan.name);
          throw new AppError('CHILD_FAILED', `no edge node has connected within ${this.#slowAfterMs / 1000} s`, {
            hint: `The log of the first is ${log}.`,
            details: lastLines(log, 10),
          });
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: STARTING_AT_ONCE }, worker));
    } finally {
      // After a failure the other workers must not start more.
      waiting.length = 0;
    }
    if (this.#late.size > 0) emit({ type: 'nodes.late', nodes: [...this.#late] });
  }

  /** Replaces the processes of a region; resolves when all have come that come in time. */
  async startAgain(region: string): Promise<void> {
    const specs = [...this.#specs.values()].filter(({ name }) => isEdgeOf(name, region));
    await Promise.all(
      specs.map(async (spec) => {
        await this.options.context.supervisor.stop([spec.name]);
        this.#connected.delete(spec.name);
        if (!this.#stopped) await this.#comesInTime(spec);
      }),
    );
  }

  /** The nodes of a region that have been connected. */
  cameIn(region: string): string[] {
    return [...this.#connected].filter((name) => isEdgeOf(name, region));
  }

  /** The orchestrator last: nodes sign off from it. */
  async stop(): Promise<void> {
    const { supervisor } = this.options.context;
    this.#stopped = true;
    await supervisor.stop([...this.#specs.keys()].filter((name) => name !== 'orchestrator'));
    await supervisor.stop(['orchestrator']);
  }

  #specOf(plan: NodePlan, apiPort: number): ChildSpec {
    const { bacalhau, folder, links } = this.options;
    const { name, region } = plan;
    const { lateMs, hungAfterMs } = this.#times;
    return nodeProcess(bacalhau, folder, {
      ...plan,
      apiPort,
      readyTimeoutMs: HOPELESS * this.#slowAfterMs,
      hungAfterMs,
      ready: (signal) =>
        this.#list.connected(name, Date.now(), signal, () => region !== undefined && links.isCut(region)),
      isLate: () => this.#list.isLate(name, lateMs),
      keepsTrying: true,
    });
  }

  #start(spec: ChildSpec): Promise<void> {
    if (this.#stopped) throw new Error(`${spec.name} is not started: the network stops`);
    this.#specs.set(spec.name, spec);
    return this.options.context.supervisor.start(spec);
  }

  /** Starts a node, and waits for it as long as it is not slow; whether it has come. */
  async #comesInTime(spec: ChildSpec): Promise<boolean> {
    const { name } = spec;
    const comes = this.#start(spec).then(() => {
      this.#connected.add(name);
      if (this.#late.delete(name)) this.options.context.emit({ type: 'node.arrived', node: name });
      return true;
    });
    // It may be stopped when nobody waits for it any more.
    comes.catch(() => {});
    const inTime = await Promise.race([comes, sleep(this.#slowAfterMs, false, { ref: false })]);
    if (!inTime) this.#late.add(name);
    return inTime;
  }
}
