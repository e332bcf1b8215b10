/** The nemesis: draws faults from the seed and lets them happen, several at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../lib/errors/app-error.js';
import { FAULTS } from './faults/all-faults.js';
import { type Fault, type FaultKind, filesLeftOpen, type Victim } from './faults/fault.js';
import { ORDER } from './faults/order-faults.js';
import type { Random } from './random.js';

export class Nemesis {
  readonly #victim: Victim;
  readonly #random: Random;
  readonly #log: (text: string) => void;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Faults after which something did not recover. */
  readonly problems: string[] = [];
  /** Deleted files that a program kept open, after each fault that was alone. */
  readonly deletedFiles: string[] = [];

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
    await this.#run('the faults are over', async () => {});
  }

  /** One order of kills after the other, and no other faults. */
  async runOrders(count: number): Promise<void> {
    for (let i = 1; i <= count; i++) {
      const { text, happen } = ORDER.draw(this.#victim, this.#random);
      await this.#run(`${i}. ${text}`, happen);
    }
  }

  async #turnOf({ target }: Fault): Promise<void> {
    if (target === undefined) await Promise.all(this.#underWay.values());
    else await Promise.all([this.#underWay.get(target), this.#underWay.get('all')]);
  }

  #begin({ text, target = 'all', happen }: Fault): void {
    this.#underWay.set(target, this.#run(text, happen, target === 'all'));
  }

  /** `alone`: nothing else happens meanwhile, so that every file must be where it belongs afterwards. */
  async #run(text: string, happen: Fault['happen'], alone = true): Promise<void> {
    this.#log(text);
    try {
      await happen();
      const left = alone ? await filesLeftOpen(this.#victim) : [];
      for (const file of left) this.#log(file);
      this.deletedFiles.push(...left.map((file) => `${text}: ${file}`));
    } catch (error) {
      const problem = `${text}: ${messageOf(error)}`;
      this.#log(problem);
      this.problems.push(problem);
    }
  }
}
