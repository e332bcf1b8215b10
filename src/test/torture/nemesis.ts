/** The nemesis: draws faults from the seed, lets them happen, several at a time, and heals what does not heal itself. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../lib/errors/app-error.js';
import { isAlive } from '../../lib/process/process-id.js';
import { eventually, type Sandbox } from '../support/cli-harness.js';
import type { FakeClock } from '../support/faketime.js';
import { Random } from './random.js';

/** What the faults happen to. */
export interface Victim {
  sandbox: Sandbox;
  /** Names of the children of `up`. */
  processes: string[];
  /** Starts `up` again after it was killed. */
  start(): Promise<void>;
  /** Floods the proxy for some seconds. */
  flood(seconds: number, random: Random): Promise<void>;
  /** Undefined where no clock can be set. */
  clock: FakeClock | undefined;
}

interface Fault {
  text: string;
  /** What no other fault may touch meanwhile; undefined: anything. */
  target: string | undefined;
  happen(): Promise<void>;
}

/** Slow machines need most of it to start Node. */
const HEALED_MS = 60_000;
const SERVICES = ['queue', 'proxy', 'puller'] as const;
const REGIONS = ['us', 'eu', 'as'];
const FILES = { queue: 'queue.db', puller: 'readings.db' };
/** The database alone, all of its files, and its log alone. */
const SUFFIXES = [[''], ['', '-wal', '-shm'], ['-wal']];

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
    const until = performance.now() + seconds * 1000;
    let bag: (() => Fault)[] = [];
    while (performance.now() < until) {
      // Every kind comes once before one comes again: also a short run has them all.
      if (bag.length === 0) bag = this.#random.shuffle(this.#kinds());
      const fault = bag.pop()!();
      const pause = this.#random.integer(200, 1500);
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

  #kinds(): (() => Fault)[] {
    const { clock, processes } = this.#victim;
    const kill = () => this.#kill(this.#random.pick(processes));
    const stop = () => this.#stop(this.#random.pick(processes));
    const remove = () => this.#deleteFile(this.#random.pick(['queue', 'puller']));
    return [
      // Without the puller a backlog grows, which the other faults then meet.
      ...[kill, kill, stop, () => this.#stop('puller'), remove, remove],
      ...[() => this.#cut(this.#random.pick(REGIONS)), () => this.#flood(), () => this.#killUp()],
      ...(clock ? [() => this.#setClock(clock)] : []),
    ];
  }

  #kill(name: string): Fault {
    const happen = async () => {
      const pid = this.#victim.sandbox.pidOf(name);
      process.kill(pid, 'SIGKILL');
      await eventually(`a new ${name}`, () => this.#victim.sandbox.pidOf(name) !== pid, HEALED_MS);
      await this.#healthy();
    };
    return { text: `kill -9 ${name}`, target: name, happen };
  }

  /** Longer than 10 s: its supervisor kills it. */
  #stop(name: string): Fault {
    const seconds = this.#random.pick([2, 4, 7, 13]);
    const happen = async () => {
      const child = this.#victim.sandbox.state().children.find((child) => child.name === name)!;
      process.kill(child.pid, 'SIGSTOP');
      await sleep(seconds * 1000);
      if (isAlive(child)) process.kill(child.pid, 'SIGCONT');
      await this.#healthy();
    };
    return { text: `stop ${name} for ${seconds} s`, target: name, happen };
  }

  /** Nothing else happens to its process before the file is back: what only a process holds dies with it. */
  #deleteFile(owner: keyof typeof FILES): Fault {
    const path = join(this.#victim.sandbox.stateDir, FILES[owner]);
    const suffixes = this.#random.pick(SUFFIXES);
    const happen = async () => {
      const { ino } = statSync(path);
      for (const suffix of suffixes) rmSync(path + suffix, { force: true });
      await eventually(`${FILES[owner]} written back`, () => statSync(path).ino !== ino, HEALED_MS);
      await this.#healthy();
    };
    return { text: `delete ${suffixes.map((suffix) => FILES[owner] + suffix).join(', ')}`, target: owner, happen };
  }

  #cut(region: string): Fault {
    const seconds = this.#random.integer(2, 8);
    const link = async (verb: string) => (await this.#victim.sandbox.run(['region', verb, region])).code === 0;
    const happen = async () => {
      if (!(await link('disconnect'))) this.#log(`region disconnect ${region} was refused`);
      await sleep(seconds * 1000);
      await eventually(`region ${region} reconnected`, () => link('reconnect'), HEALED_MS);
    };
    return { text: `cut region ${region} off for ${seconds} s`, target: region, happen };
  }

  #flood(): Fault {
    const seconds = this.#random.integer(1, 5);
    // Of its own: how much it sends depends on the machine, and must not change the faults that follow.
    const random = new Random(this.#random.integer(0, 1e9));
    const happen = () => this.#victim.flood(seconds, random);
    return { text: `flood the proxy for ${seconds} s`, target: 'flood', happen };
  }

  /** Less than a day: a proxy whose clock is further back refuses what true clocks send. */
  #setClock(clock: FakeClock): Fault {
    const hours = this.#random.integer(1, 20) * this.#random.pick([1, -1]);
    const offset = `${hours > 0 ? '+' : ''}${hours}h`;
    const seconds = this.#random.integer(1, 4);
    const happen = async () => {
      clock.set(offset);
      await sleep(seconds * 1000);
      clock.set('+0');
    };
    return { text: `set the clock to ${offset} for ${seconds} s`, target: 'clock', happen };
  }

  #killUp(): Fault {
    const happen = async () => {
      process.kill(this.#victim.sandbox.state().up.pid, 'SIGKILL');
      await this.#victim.start();
    };
    return { text: 'kill -9 up, and start it again', target: undefined, happen };
  }

  async #healthy(): Promise<void> {
    const { endpoints } = this.#victim.sandbox.state();
    for (const service of SERVICES) {
      const healthy = async () =>
        (await fetch(`${endpoints[service]}/health`, { signal: AbortSignal.timeout(2000) })).ok;
      await eventually(`a healthy ${service}`, healthy, HEALED_MS);
    }
  }
}
