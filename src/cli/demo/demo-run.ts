/**
 * Does the steps of a demo: runs the command of each, and waits for its evidence. The commands run in a folder, a Docker
 * project and on ports of their own, all gone at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SETTINGS, type SettingKey } from '../../config/settings.js';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { SensorView } from '../../fleet/fleet-view.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { readToken } from '../../lib/net/bearer-token.js';
import { identify, isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { selfCommand } from '../../lib/process/self-command.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { readRunState, tokenFileOf } from '../../runtime/run-state.js';
import type { Evidence, Finding } from './evidence.js';
import type { Step } from './steps.js';

/** In the working folder. */
export const DEMO_FOLDER = '.wasm-sensors-demo';
export const STATE_DIR = `--state-dir ${DEMO_FOLDER}`;

/** Any that is free: an `up` of the user may start at any time. */
const PORTS: SettingKey[] = ['proxyPort', 'pullerPort', 'queuePort', 'apiPort', 'natsPort', 'webUiPort'];
/** How long evidence is waited for. A node of a real Bacalhau may take two minutes to be back. */
const EVIDENCE_MS = 150_000;
const CHECK_EVERY_MS = 200;

export interface StepResult {
  id: string;
  title: string;
  /** `unseen`: something that must be seen was not. */
  outcome: 'seen' | 'unseen' | 'failed';
  evidence: (Finding & { must: string })[];
  seconds: number;
  error?: string;
}

export class DemoRun {
  readonly #folder = resolve(DEMO_FOLDER);
  readonly #ownerFile = join(this.#folder, 'demo.json');
  #running: ChildProcess | undefined;
  /** Undefined before the start. */
  #fleet: FleetClient | undefined;
  /** Since the start, in order. */
  readonly #alerts: AlertEvent[] = [];

  /**
   * `bacalhau`: the program, where it is not the usual one.
   * `verbose`: what commands print is shown.
   */
  constructor(
    private readonly options: { bacalhau: string | undefined; ansi: string; verbose: boolean; stopped: AbortSignal },
  ) {}

  /** Rejects with `ALREADY_UP` when a demo runs here; what a killed one left is removed. */
  async claim(): Promise<void> {
    const owner = readIfExists(this.#ownerFile);
    const { pid, started }: Partial<ProcessId> = owner === undefined ? {} : JSON.parse(owner);
    if (pid !== undefined && started !== undefined && isAlive({ name: 'demo', pid, started })) {
      throw new AppError('ALREADY_UP', `a demo runs in this folder already (pid ${pid})`, {
        hint: `End it there, or with \`wasm-sensors down ${STATE_DIR}\`; or use another folder.`,
      });
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    await this.#run(['down', '--volumes'], true);
    rmSync(this.#folder, { recursive: true });
    mkdirSync(this.#folder, { mode: 0o700 });
    writeFileSync(this.#ownerFile, JSON.stringify(identify('demo', process.pid)));
  }

  /** Never rejects. */
  async do(step: Step, progress: (text: string) => void): Promise<StepResult> {
    const began = Date.now();
    const result: StepResult = { id: step.id, title: step.title, outcome: 'seen', evidence: [], seconds: 0 };
    try {
      const before = (await this.#fleet?.snapshot())?.sensors ?? [];
      const code = await this.#run(step.words, step.quiet === true);
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

  /** Ends the command that runs, the network and its data. Resolves with false where something is left. */
  async stop(keepLogs: boolean): Promise<boolean> {
    if (this.#running) {
      this.#running.kill();
      await once(this.#running, 'exit');
    }
    const code = await this.#run(['down', '--volumes'], true);
    if (code === 0 && !keepLogs) rmSync(this.#folder, { recursive: true, force: true });
    return code === 0;
  }

  /** A command of this program, without the user's queue and settings. Resolves with its exit code; null: a signal. */
  async #run(words: string[], quiet: boolean): Promise<number | null> {
    const { ansi, verbose, bacalhau } = this.options;
    const env = { ...process.env };
    for (const setting of Object.values(SETTINGS)) for (const name of setting.env) delete env[name];
    for (const port of PORTS) env[SETTINGS[port].env[0]!] = '0';
    if (bacalhau !== undefined) env[SETTINGS.bacalhau.env[0]!] = bacalhau;
    env.COMPOSE_PROJECT_NAME = `${env.COMPOSE_PROJECT_NAME || 'wasm-sensors'}-demo`;
    const typed = words.join(' ').replaceAll("'", '').split(' ');
    const { command, args } = selfCommand([...typed, '--state-dir', this.#folder, '--ansi', ansi]);
    const stdout = quiet || !verbose ? 'ignore' : 'inherit';
    this.#running = spawn(command, args, { cwd: this.#folder, env, stdio: ['ignore', stdout, 'inherit'] });
    const [code] = await once(this.#running, 'exit');
    this.#running = undefined;
    return code;
  }

  /** What it finds as soon as that is ok, else after a long time. */
  async #waitFor(fleet: FleetClient, check: Evidence['check'], before: SensorView[]): Promise<Finding> {
    for (const until = Date.now() + EVIDENCE_MS; ; ) {
      const [now, { deadLetters = 0 }] = await Promise.all([fleet.snapshot(), fleet.stats()]);
      const finding = check({ before, now, deadLetters, alerts: this.#alerts });
      if (finding.ok || Date.now() > until) return finding;
      await sleep(CHECK_EVERY_MS, undefined, { signal: this.options.stopped });
    }
  }

  /** The token is that of `up`: in a container the puller is not on loopback, and needs it. */
  #openFleet(): FleetClient {
    const url = () => readRunState(this.#folder)?.endpoints.puller ?? '';
    const fleet = new FleetClient(url, { token: readToken(tokenFileOf(this.#folder)) });
    this.#fleet = fleet;
    const follow = async () => {
      for await (const event of fleet.events({ kinds: ['alert'], signal: this.options.stopped })) {
        if (event.event === 'alert') this.#alerts.push(event);
      }
    };
    // The demo ends, or an alert will not be seen, which its step reports.
    follow().catch(() => {});
    return fleet;
  }
}
