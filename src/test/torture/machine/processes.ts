/** Child processes of `up`: the embedded and the native network. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usages } from '../../../bench/usage.js';
import { isAlive, signalAll } from '../../../lib/process/process-id.js';
import { readRunState } from '../../../runtime/run-state.js';
import { eventually, type Sandbox } from '../../support/cli-harness.js';
import type { TortureDatabase } from './database.js';
import { deletedFilesOf } from './deleted-files.js';
import { DATABASES, HEALED_MS, KEEPERS, type Keeper, type Machine, type OpenFile, type Running } from './machine.js';

export class Processes implements Machine {
  readonly names: string[];
  readonly keepers: Keeper[];
  readonly #sandbox: Sandbox;
  readonly #database: TortureDatabase | undefined;

  /** `database`: where the store is in no file. */
  constructor(sandbox: Sandbox, database?: TortureDatabase) {
    this.#sandbox = sandbox;
    this.#database = database;
    this.keepers = database ? ['queue'] : KEEPERS;
    this.names = sandbox
      .state()
      .children.map(({ name }) => name)
      .concat(database ? [database.name] : [])
      .sort();
  }

  async kill(name: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (name === this.#database?.name) return this.#database.kill();
    const pid = this.#sandbox.pidOf(name);
    process.kill(pid, signal);
    await eventually(`a new ${name}`, () => this.#sandbox.pidOf(name) !== pid, HEALED_MS);
  }

  async crash(names: string[]): Promise<void> {
    if (this.#database && names.includes(this.#database.name)) await this.#database.kill();
    const children = readRunState(this.#sandbox.stateDir)?.children ?? [];
    const killed = children.filter(({ name }) => names.includes(name));
    signalAll(killed, 'SIGKILL');
    await eventually(`the end of ${names.join(', ')}`, () => !killed.some(isAlive));
  }

  async freeze(name: string, seconds: number): Promise<void> {
    if (name === this.#database?.name) return this.#database.freeze(seconds);
    const child = this.#sandbox.state().children.find((child) => child.name === name)!;
    process.kill(child.pid, 'SIGSTOP');
    await sleep(seconds * 1000);
    // Its supervisor has killed it when it was silent for too long.
    if (isAlive(child)) process.kill(child.pid, 'SIGCONT');
  }

  async deleteFiles(_keeper: Keeper, files: string[]): Promise<void> {
    for (const file of files) rmSync(join(this.#sandbox.stateDir, file), { force: true });
  }

  async inodeOf(keeper: Keeper): Promise<string> {
    return String(statSync(join(this.#sandbox.stateDir, DATABASES[keeper])).ino);
  }

  async storePath(): Promise<string> {
    return this.#database?.copy() ?? join(this.#sandbox.stateDir, DATABASES.puller);
  }

  async running(): Promise<Running[]> {
    const { up, children } = this.#sandbox.state();
    return [up, ...children].filter(isAlive).map((id) => {
      const { memory } = usages([id]).get(id.name)!;
      return { name: id.name, pid: id.pid, memory };
    });
  }

  async deletedFiles(): Promise<OpenFile[]> {
    const { up, children } = this.#sandbox.state();
    return [up, ...children].flatMap(({ name, pid }) => deletedFilesOf(name, pid, this.#sandbox.stateDir));
  }
}
