/** Does the steps of a demo: runs the command of each, and waits for its evidence. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { SensorView } from '../../fleet/fleet-view.js';
import { messageOf } from '../../lib/errors/app-error.js';
import { readToken } from '../../lib/net/bearer-token.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { readRunState, tokenFileOf } from '../../runtime/run-state.js';
import type { DemoFolder } from './demo-folder.js';
import type { Evidence, Finding } from './evidence.js';
import type { Step } from './steps.js';

export interface StepResult {
  id: string;
  title: string;
  /** `unseen`: something that must be seen was not. */
  outcome: 'seen' | 'unseen' | 'failed';
  evidence: (Finding & { must: string })[];
  seconds: number;
  /** Why it failed. */
  error?: string;
}

/** How long evidence is waited for. A node of a real Bacalhau may take two minutes to be back. */
const EVIDENCE_MS = 150_000;
const CHECK_EVERY_MS = 200;

export class DemoRun {
  readonly #folder: DemoFolder;
  readonly #stopped: AbortSignal;
  /** Undefined before the start. */
  #fleet: FleetClient | undefined;
  /** Since the start, in order. */
  readonly #alerts: AlertEvent[] = [];

  constructor(folder: DemoFolder, stopped: AbortSignal) {
    this.#folder = folder;
    this.#stopped = stopped;
  }

  /** Address of the web page; undefined before the start. */
  get page(): string | undefined {
    return this.#fleet ? readRunState(this.#folder.path)?.endpoints.puller : undefined;
  }

  /** Never rejects. */
  async do(step: Step, progress: (text: string) => void): Promise<StepResult> {
    const began = Date.now();
    const result: StepResult = { id: step.id, title: step.title, outcome: 'seen', evidence: [], seconds: 0 };
    try {
      const before = (await this.#fleet?.snapshot())?.sensors ?? [];
      const code = await this.#folder.run(step.words, step.quiet === true);
      if (code !== 0) throw new Error(`the command ended with exit code ${code}`);
      const fleet = this.#fleet ?? this.#openFleet();
      for (const { must, check } of step.evidence) {
        progress(must);
        const finding = await this.#waitFor(fleet, check, before);
        result.evidence.push({ must, ...finding });
        if (!finding.ok) result.outcome = 'unseen';
      }
    } catch (error) {
      result.outcome = 'failed';
      result.error = messageOf(error);
    }
    result.seconds = (Date.now() - began) / 1000;
    return result;
  }

  /** What it finds as soon as that is ok, else after a long time. */
  async #waitFor(fleet: FleetClient, check: Evidence['check'], before: SensorView[]): Promise<Finding> {
    for (const until = Date.now() + EVIDENCE_MS; ; ) {
      const [now, { deadLetters = 0 }] = await Promise.all([fleet.snapshot(), fleet.stats()]);
      const finding = check({ before, now, deadLetters, alerts: this.#alerts });
      if (finding.ok || Date.now() > until) return finding;
      await sleep(CHECK_EVERY_MS, undefined, { signal: this.#stopped });
    }
  }

  /** The token is that of `up`: in a container the puller is not on loopback, and needs it. */
  #openFleet(): FleetClient {
    const token = readToken(tokenFileOf(this.#folder.path));
    this.#fleet = new FleetClient(() => this.page ?? '', { token });
    void this.#followAlerts(this.#fleet);
    return this.#fleet;
  }

  async #followAlerts(fleet: FleetClient): Promise<void> {
    try {
      for await (const event of fleet.events({ kinds: ['alert'], signal: this.#stopped })) {
        if (event.event === 'alert') this.#alerts.push(event);
      }
    } catch {
      // The demo ends, or an alert will not be seen, which its step reports.
    }
  }
}

/** Resolves when another terminal has stopped the network. */
export async function stoppedElsewhere({ path }: DemoFolder): Promise<void> {
  for (let started = false; ; await sleep(CHECK_EVERY_MS, undefined, { ref: false })) {
    const state = readRunState(path);
    if (started && !state?.alive) return;
    started ||= state?.phase === 'ready';
  }
}
