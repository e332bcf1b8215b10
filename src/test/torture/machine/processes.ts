/** Child processes of `up`: the embedded and the native network. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usages } from '../../../bench/usage.js';
import { isAlive, type ProcessId, signalAll } from '../../../lib/process/process-id.js';
import { readRunState } from '../../../runtime/run-state.js';
import { eventually, type Sandbox } from '../../support/cli-harness.js';
import type { Cluster } from './cluster.js';
import { crashesIn } from './crashes.js';
import { deletedFilesOf } from './deleted-files.js';
import { DATABASES, HEALED_MS, KEEPERS, type Keeper, type Machine, type OpenFile, type Running } from './machine.js';

const isPuller = (name: string) => name.startsWith('puller');

/** For so long after a start of the server no lease ends: its holder may not have reached the server yet. */
const DATABASE_SETTLE_MS = 15_000;

export class Processes implements Machine {
  readonly names: string[];
  readonly keepers: Keeper[];
  readonly #sandbox: Sandbox;
  readonly #cluster: Cluster | undefined;

  constructor(sandbox: Sandbox, cluster?: Cluster) {
    this.#sandbox = sandbox;
    this.#cluster = cluster;
    // On PostgreSQL the store is in no file.
    this.keepers = cluster ? ['queue'] : KEEPERS;
    const further = cluster ? [cluster.database.name, ...cluster.further.names] : [];
    this.names = sandbox
      .state()
      .children.map(({ name }) => name)
      .concat(further)
      .sort();
  }

  kill(name: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const { database, takeovers } = this.#cluster ?? {};
    if (database && name === database.name) return this.#disturb(name, () => database.kill());
    return this.#disturb(name, async () => {
      let pid = 0;
      const kill = () => {
        const killed = this.#processOf(name);
        pid = killed.pid;
        signalAll([killed], signal);
      };
      if (takeovers && isPuller(name)) await takeovers.measure(this.#urlOf(name), kill);
      else kill();
      await eventually(`a new ${name}`, () => this.#processOf(name).pid !== pid, HEALED_MS);
    });
  }

  async crash(names: string[]): Promise<void> {
    const { database, further } = this.#cluster ?? {};
    if (database && names.includes(database.name)) await this.#disturb(database.name, () => database.kill());
    const children = readRunState(this.#sandbox.stateDir)?.children ?? [];
    const killed = [...children, ...(further?.running ?? [])].filter(({ name }) => names.includes(name));
    signalAll(killed, 'SIGKILL');
    await eventually(`the end of ${names.join(', ')}`, () => !killed.some(isAlive));
  }

  freeze(name: string, seconds: number): Promise<void> {
    const database = this.#cluster?.database;
    if (database && name === database.name) return this.#disturb(name, () => database.freeze(seconds));
    return this.#disturb(name, async () => {
      const child = this.#processOf(name);
      process.kill(child.pid, 'SIGSTOP');
      await sleep(seconds * 1000);
      // Its supervisor has killed it when it was silent for too long.
      if (isAlive(child)) process.kill(child.pid, 'SIGCONT');
    });
  }

  #disturb(name: string, fault: () => Promise<void>): Promise<void> {
    const { database, takeovers } = this.#cluster ?? {};
    if (takeovers && name === database?.name) return takeovers.during(fault, DATABASE_SETTLE_MS);
    return takeovers && isPuller(name) ? takeovers.during(fault) : fault();
  }

  #processOf(name: string): ProcessId {
    const all = [...this.#sandbox.state().children, ...(this.#cluster?.further.running ?? [])];
    const found = all.find((child) => child.name === name);
    if (!found) throw new Error(`${name} does not run`);
    return found;
  }

  #urlOf(puller: string): string | undefined {
    const { further } = this.#cluster ?? {};
    return further?.names.includes(puller) ? further.urlOf(puller) : this.#sandbox.state().endpoints.puller;
  }

  async deleteFiles(_keeper: Keeper, files: string[]): Promise<void> {
    for (const file of files) rmSync(join(this.#sandbox.stateDir, file), { force: true });
  }

  async inodeOf(keeper: Keeper): Promise<string> {
    return String(statSync(join(this.#sandbox.stateDir, DATABASES[keeper])).ino);
  }

  async storePath(): Promise<string> {
    return this.#cluster?.database.copy() ?? join(this.#sandbox.stateDir, DATABASES.puller);
  }

  async running(): Promise<Running[]> {
    const { up, children } = this.#sandbox.state();
    return [up, ...children, ...(this.#cluster?.further.running ?? [])].filter(isAlive).map((id) => {
      const { memory } = usages([id]).get(id.name)!;
      return { name: id.name, pid: id.pid, memory };
    });
  }

  crashes(): string[] {
    const logs = [join(this.#sandbox.stateDir, 'logs'), ...(this.#cluster ? [this.#cluster.further.logs] : [])];
    return logs.flatMap(crashesIn);
  }

  async deletedFiles(): Promise<OpenFile[]> {
    const { up, children } = this.#sandbox.state();
    return [up, ...children].flatMap(({ name, pid }) => deletedFilesOf(name, pid, this.#sandbox.stateDir));
  }
}
