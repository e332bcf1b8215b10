/** For tests: a supervisor in a folder of its own, children that run a script, and what has happened to them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { type ChildEvent, type ChildSpec, Supervisor } from '../../lib/process/supervisor.js';

/** Parts of scripts. */
export const READY = 'process.send({ ready: {} });';
export const RUN = 'setInterval(() => {}, 1000);';
export const ANSWERS = `process.on('message', () => process.send({ pong: true }));`;

/** A child that runs a script. */
export const child = (name: string, script: string, over: Partial<ChildSpec> = {}): ChildSpec => ({
  ...{ name, command: process.execPath, args: ['-e', script], ready: 'ipc' },
  ...over,
});

export class Supervised {
  readonly folder = mkdtempSync(join(tmpdir(), 'supervisor-'));
  readonly supervisor = new Supervisor(join(this.folder, 'logs'));
  readonly events: ChildEvent[] = [];
  /** Every process that ever ran. */
  readonly seen = new Map<number, ProcessId>();

  constructor() {
    this.supervisor.on('event', (event) => this.events.push(event));
    this.supervisor.on('change', () => {
      for (const id of this.supervisor.running) this.seen.set(id.pid, id);
    });
  }

  pidOf(name: string): number | undefined {
    return this.supervisor.running.find((id) => id.name === name)?.pid;
  }

  of<T extends ChildEvent['type']>(type: T): Extract<ChildEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ChildEvent, { type: T }> => event.type === type);
  }

  async close(): Promise<void> {
    await this.supervisor.stop(this.supervisor.running.map(({ name }) => name));
    for (const id of this.seen.values()) if (isAlive(id)) process.kill(id.pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
