/**
 * Runs modules that are not ours, each job of them in a process of its own: it can stop or crash that process, and nothing
 * else. Ours are what this package has built, `publisher` and `config-updater`; what a module exports says nothing about
 * who made it.
 */
import { AppError } from '../../lib/errors/app-error.js';
import { type HostCounts, type Runner, sumOfCounts } from '../sensor-host.js';
import type { Opening } from './foreign-messages.js';
import { ForeignProcess } from './foreign-process.js';

/** A thread takes about 10 MB of memory, and its guest what it uses. */
const MAX_THREADS = 100;

export interface ForeignHostOptions {
  /** PEM of a private certificate authority that signed the proxy's certificate. */
  ca?: string | undefined;
  /** Of Node, for as many guests as a process may have. */
  nodeArgs?: string[];
  /** For tests: guests with a thread of their own at the same time. */
  maxThreads?: number;
}

export class ForeignHost {
  readonly #options: ForeignHostOptions;
  readonly #processes = new Set<ForeignProcess>();
  readonly #cut = new Set<string>();
  /** Of processes that have ended. */
  #past: HostCounts = sumOfCounts([]);

  constructor(options: ForeignHostOptions = {}) {
    this.#options = options;
  }

  /** Starts a process for a job. Rejects as `ForeignProcess.open` does. */
  async open({ module, allow }: Pick<Opening, 'module' | 'allow'>, onRefused: (host: string) => void): Promise<Runner> {
    const { ca, nodeArgs = [], maxThreads = MAX_THREADS } = this.#options;
    const listener = {
      onRefused,
      onGone: (foreign: ForeignProcess) => {
        if (!this.#processes.delete(foreign)) return;
        this.#past = sumOfCounts([this.#past, { ...foreign.counts, running: 0 }]);
      },
    };
    const cut = [...this.#cut];
    const foreign = await ForeignProcess.open({ module, allow, cut, ca }, listener, nodeArgs);
    this.#processes.add(foreign);
    // A link may have changed meanwhile.
    for (const region of new Set([...cut, ...this.#cut])) foreign.setLink(region, !this.#cut.has(region));
    return {
      start: (spec, onExit) => {
        if (foreign.threads && this.#threads >= maxThreads) throw threadsFull(this.#threads);
        return foreign.start(spec, onExit);
      },
      reclaim: async () => {},
      close: () => foreign.close(),
    };
  }

  get #threads(): number {
    return [...this.#processes].reduce((sum, { threads, running }) => sum + (threads ? running : 0), 0);
  }

  setLink(region: string, connected: boolean): void {
    if (connected) this.#cut.delete(region);
    else this.#cut.add(region);
    for (const foreign of this.#processes) foreign.setLink(region, connected);
  }

  stats(): HostCounts {
    const now = [...this.#processes].map((foreign) => ({ ...foreign.counts, running: foreign.running }));
    return sumOfCounts([this.#past, ...now]);
  }

  close(): void {
    for (const foreign of this.#processes) foreign.close();
  }
}

const threadsFull = (running: number): AppError =>
  new AppError('HOST_FULL', `the sensor host can't hold more than ${running} modules that need a thread each`, {
    hint: 'Use fewer nodes (`up --nodes`), or one region (--region). Modules that are built on our library share one thread.',
  });
