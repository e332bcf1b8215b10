/** The nemesis: draws faults from the seed and lets them happen, several at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../lib/errors/app-error.js';
import { FAULTS } from './faults/all-faults.js';
import type { Fault, FaultKind, Victim } from './faults/fault.js';
import type { Random } from './random.js';

export class Nemesis {
  readonly #victim: Victim;
  readonly #random: Random;
  readonly #log: (text: string) => void;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Faults after which something did not recover. */
  readonly problems: string[] = [];

  constructor(victim: Victim, random: Random, log: (text: string) => void) {
    this.#victim = victim;
    this.#random = random;
    this.#log = log;
  }

  /** Ends when every fault is over. */
  async run(seconds: number): Promise<void> {
    const kinds = FAULTS.filter(({ needs }) => needs === undefined || this.#victim.tools[needs] !== undefined);
    const until = performance.now() + seconds * 1000;
    let bag: FaultKind[] = [];
    while (performance.now() < until) {
      // Every kind comes once before one comes again: also a short run has them all.
      if (bag.length === 0) bag = this.#random.shuffle(kinds);
      const fault = bag.pop()!.draw(this.#victim, this.#random);
      const pause = this.#random.integer(100, 800);
      await this.#turnOf(fault);
      if (performance.now() >= until) break;
      this.#begin(fault);
      await sleep(pause);
    }
    await Promise.all(this.#underWay.values());
  }

  async #turnOf({ target }: Fault): Promise<void> {
    if (target === undefined) await Promise.all(this.#underWay.values());
    else await Promise.all([this.#underWay.get(target), this.#underWay.get('all')]);
  }

  #begin({ text, target = 'all', happen }: Fault): void {
    this.#log(text);
    const end = happen().catch((error) => {
      const problem = `${text}: ${messageOf(error)}`;
      this.#log(problem);
      this.problems.push(problem);
    });
    this.#underWay.set(target, end);
  }
}
