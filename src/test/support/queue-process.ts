/**
 * The queue server as a process of its own, which can be killed. A process can't run TypeScript, and a build may be old:
 * the server is translated, file by file.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { QueueServerEvent } from '../../sqs-server/sqs-server.js';
import { translated } from './translated.js';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));

export class QueueProcess {
  readonly folder: string;
  url = '';
  events: QueueServerEvent[] = [];
  #child: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Translates the server into a folder of its own, in which stores may be, too. */
  static async build(): Promise<QueueProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'queue-process-'));
    await symlink(join(SOURCE, '..', 'node_modules'), join(folder, 'node_modules'), 'junction');
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    for (const part of ['lib', 'queue', 'sqs-server']) {
      for (const name of await readdir(join(SOURCE, part), { recursive: true })) {
        if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
        const target = join(folder, 'src', part, name.replace(/\.ts$/, '.js'));
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, translated(join(SOURCE, part, name)));
      }
    }
    await writeFile(
      join(folder, 'main.js'),
      `import { listen } from './src/lib/net/http-server.js';
       import { createQueueServer } from './src/sqs-server/sqs-server.js';
       const onEvent = (event) => process.send({ event });
       const server = createQueueServer({ path: process.argv[2], onEvent });
       const { fetch } = server.app;
       const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'queue', flag: '--port' });
       process.on('SIGTERM', () => {
         server.close();
         listener.close().then(() => process.exit());
       });
       process.send({ url: listener.url });`,
    );
    return new QueueProcess(folder);
  }

  /** Starts the server with the store at `path`, and forgets the events of the run before. */
  async start(path: string, env: Record<string, string> = {}): Promise<string> {
    const child = fork(join(this.folder, 'main.js'), [path], { env: { ...process.env, ...env } });
    this.#child = child;
    this.events = [];
    this.url = await new Promise<string>((resolve, reject) => {
      child.on('message', (message: { url?: string; event?: QueueServerEvent }) => {
        if (message.event) this.events.push(message.event);
        if (message.url !== undefined) resolve(message.url);
      });
      child.once('exit', (code) => reject(new Error(`the queue server exited with ${code}`)));
    });
    return this.url;
  }

  /** Deleted files that the server still has open; only Linux tells. */
  deletedFiles(): string[] {
    if (process.platform !== 'linux') return [];
    const folder = `/proc/${this.#child?.pid}/fd`;
    return readdirSync(folder)
      .map((fd) => {
        try {
          return readlinkSync(join(folder, fd));
        } catch {
          // It was closed meanwhile.
          return '';
        }
      })
      .filter((target) => target.endsWith(' (deleted)'));
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Calls an action; rejects when it fails. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read the fields that they expect
  async call(action: string, input: object): Promise<any> {
    const headers = { 'x-amz-target': `AmazonSQS.${action}` };
    const response = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify(input) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }

  /** Restarts with the store at `path`; gives the bodies of all messages that can be received. */
  async drain(path: string, QueueUrl: string): Promise<Set<string>> {
    await this.start(path);
    const bodies = new Set<string>();
    for (;;) {
      const { Messages = [] } = await this.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
      if (Messages.length === 0) return bodies;
      for (const { Body } of Messages) bodies.add(Body);
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
