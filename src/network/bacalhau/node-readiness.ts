/**
 * Which nodes are connected, while they start. The REST API of our own orchestrator is asked on loopback: a `bacalhau`
 * process for every check would take the CPU that the starting nodes need.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { nodeSchema, type RawNode } from './bacalhau-schemas.js';

const PAUSE_MS = 100;

const answerSchema = z.object({ Nodes: z.array(nodeSchema) });

export class NodeReadiness {
  #look: Promise<RawNode[]> | undefined;

  /** @param api base URL */
  readonly #api: string;
  readonly #natsPort: number;

  constructor(api: string, natsPort: number) {
    this.#api = api;
    this.#natsPort = natsPort;
  }

  /** Resolves when the orchestrator answers and accepts nodes; rejects when aborted. */
  async orchestratorReady(signal: AbortSignal): Promise<void> {
    while (!((await this.#answers(signal)) && (await accepts(this.#natsPort)))) {
      await sleep(20, undefined, { signal });
    }
  }

  /**
   * Resolves when the node has connected after `since` (Unix milliseconds), or can't because its region `isCut`;
   * rejects when aborted. A killed node still counts as connected when its successor starts, hence `since`.
   */
  async connected(name: string, since: number, signal: AbortSignal, isCut = () => false): Promise<void> {
    while (!isCut()) {
      const node = (await this.#nodes()).find((one) => one.Info.NodeID === name);
      const { Status, ConnectedSince } = node?.ConnectionState ?? {};
      if (Status === 'CONNECTED' && Date.parse(ConnectedSince ?? '') >= since) return;
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }

  /** One request serves all calls that wait. */
  #nodes(): Promise<RawNode[]> {
    this.#look ??= this.#fetchNodes().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  async #fetchNodes(): Promise<RawNode[]> {
    try {
      const response = await fetch(`${this.#api}/api/v1/orchestrator/nodes`, { signal: AbortSignal.timeout(5000) });
      return answerSchema.parse(await response.json()).Nodes;
    } catch {
      // The orchestrator is busy or restarting: callers ask again.
      return [];
    }
  }

  async #answers(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return fetch(`${this.#api}/api/v1/agent/alive`, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.ok,
      () => false,
    );
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
