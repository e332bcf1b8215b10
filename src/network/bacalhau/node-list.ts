/**
 * What our own orchestrator knows of its nodes, over its REST API on loopback. One request serves everyone who asks: a
 * request to every node, or a `bacalhau` process for each check, would take the CPU that the nodes need.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { waitForHttp } from '../../lib/net/http-client.js';
import { type BacalhauNode, nodesSchema } from './bacalhau-answers.js';

/** Between two requests while nodes are waited for, and what each node adds: the list of hundreds takes its time. */
const PAUSE_MS = 100;
const PAUSE_MS_PER_NODE = 1;
/** Old enough to ask again whether nodes are well. */
const OLD_MS = 2000;

const answerSchema = z.object({ Nodes: nodesSchema });

export class NodeList {
  #answer: Promise<Map<string, BacalhauNode> | undefined> | undefined;
  /** When the next request may begin, and when the last one did: milliseconds of the monotonic clock. */
  #next = 0;
  #began = 0;

  /** @param api base URL */
  constructor(
    private readonly api: string,
    private readonly natsPort: number,
  ) {}

  /** Resolves when the orchestrator answers and accepts nodes; rejects when aborted. */
  async orchestratorReady(signal: AbortSignal): Promise<void> {
    await waitForHttp(`${this.api}/api/v1/agent/alive`, signal);
    while (!(await accepts(this.natsPort))) await sleep(20, undefined, { signal });
  }

  /**
   * Resolves when the node has connected after `since` (Unix milliseconds), or can't because its region `isCut`;
   * rejects when aborted. A killed node still counts as connected when its successor starts, hence `since`.
   */
  async connected(name: string, since: number, signal: AbortSignal, isCut = () => false): Promise<void> {
    while (!isCut()) {
      const node = (await this.#nodes())?.get(name);
      if (node?.connected && node.connectedSince >= since) return;
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }

  /**
   * Whether a node's last heartbeat is older than `lateMs`, or the node is not known. False while the orchestrator does not
   * answer: that says nothing about a node.
   */
  async isLate(name: string, lateMs: number): Promise<boolean> {
    const nodes = await this.#nodes(OLD_MS);
    if (!nodes) return false;
    const age = Date.now() - (nodes.get(name)?.heartbeatAt ?? Number.NaN);
    // After a step of the clock the next heartbeat shows what is true.
    return !(Math.abs(age) <= lateMs);
  }

  /** By name, not older than `oldMs`; undefined when the orchestrator does not answer. */
  #nodes(oldMs = 0): Promise<Map<string, BacalhauNode> | undefined> {
    const now = performance.now();
    if (this.#answer && (now < this.#next || now - this.#began < oldMs)) return this.#answer;
    this.#began = now;
    this.#next = Number.POSITIVE_INFINITY;
    this.#answer = this.#fetchNodes().then((nodes) => {
      this.#next = performance.now() + PAUSE_MS + PAUSE_MS_PER_NODE * (nodes?.size ?? 0);
      return nodes;
    });
    return this.#answer;
  }

  async #fetchNodes(): Promise<Map<string, BacalhauNode> | undefined> {
    try {
      const response = await fetch(`${this.api}/api/v1/orchestrator/nodes`, { signal: AbortSignal.timeout(5000) });
      return new Map(answerSchema.parse(await response.json()).Nodes.map((node) => [node.name, node]));
    } catch {
      // The orchestrator is busy or restarting: callers ask again.
      return undefined;
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
