/** How long the shards of pullers that are killed have no holder. */
import { eventually } from '../../support/cli-harness.js';
import type { TortureDatabase } from './database.js';
import { HEALED_MS } from './machine.js';

/** While nothing else happens to the database and the other pullers. */
const MAX_SECONDS = 10;

export class Takeovers {
  readonly problems: string[] = [];
  readonly #database: TortureDatabase;
  readonly #seconds: { alone: boolean; taken: number }[] = [];
  /** Faults of the database and of pullers: under way, and all that have begun. */
  #underWay = 0;
  #begun = 0;

  constructor(database: TortureDatabase) {
    this.#database = database;
  }

  /** A fault of the database or of a puller, during which, and until things have settled, others may need longer. */
  async during<T>(fault: () => Promise<T>, settleMs = 0): Promise<T> {
    this.#underWay++;
    this.#begun++;
    try {
      return await fault();
    } finally {
      setTimeout(() => this.#underWay--, settleMs).unref();
    }
  }

  /** `kill` ends the puller at this URL. Resolves when others, or its successor, hold what it held. */
  async measure(url: string | undefined, kill: () => void): Promise<void> {
    const held = await this.#database.shardsOf(url ?? '').catch(() => undefined);
    const alone = this.#underWay === 1;
    const begun = this.#begun;
    const began = performance.now();
    kill();
    // While the server is away nobody knows.
    if (held === undefined || held.length === 0) return;
    const isTaken = async () => !(await this.#database.epochs()).some((epoch) => held.includes(epoch));
    await eventually(`a new holder of ${held.length} shards`, isTaken, HEALED_MS);
    const taken = (performance.now() - began) / 1000;
    const undisturbed = alone && begun === this.#begun;
    this.#seconds.push({ alone: undisturbed, taken });
    if (undisturbed && taken > MAX_SECONDS) this.problems.push(`shards had no holder for ${taken.toFixed(1)} s`);
  }

  /** A line for each second that there is. */
  histogram(): string[] {
    const seconds = [...new Set(this.#seconds.map(({ taken }) => Math.ceil(taken)))].sort((a, b) => a - b);
    return seconds.map((second) => {
      const all = this.#seconds.filter(({ taken }) => Math.ceil(taken) === second);
      const alone = all.filter(({ alone }) => alone).length;
      const others = all.length - alone;
      const meanwhile = others > 0 ? `, and ${others} while other faults were under way` : '';
      return `takeover within ${second} s: ${'#'.repeat(alone)}${'+'.repeat(others)} ${alone}${meanwhile}`;
    });
  }
}
