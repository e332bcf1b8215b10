/** Where the commands of a demo run: in a folder, a Docker project and on ports of their own, all gone at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SETTINGS, type SettingKey } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { identify, isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { selfCommand } from '../../lib/process/self-command.js';

/** In the working folder. */
export const DEMO_FOLDER = '.wasm-sensors-demo';
export const STATE_DIR = `--state-dir ${DEMO_FOLDER}`;

/** Any that is free: an `up` of the user may start at any time. */
const PORTS: SettingKey[] = ['proxyPort', 'pullerPort', 'queuePort', 'apiPort', 'natsPort', 'webUiPort'];

export interface DemoFolderOptions {
  /** The `bacalhau` program. */
  bacalhau: string | undefined;
  ansi: string;
  /** Whether what commands print is shown. */
  verbose: boolean;
}

export class DemoFolder {
  readonly path = resolve(DEMO_FOLDER);
  readonly #options: DemoFolderOptions;
  #running: ChildProcess | undefined;

  constructor(options: DemoFolderOptions) {
    this.#options = options;
  }

  /** Rejects with `ALREADY_UP` when a demo runs here; what a killed one left is removed. */
  async claim(): Promise<void> {
    const owner = readIfExists(this.#ownerFile);
    const { pid, started }: Partial<ProcessId> = owner === undefined ? {} : JSON.parse(owner);
    if (pid !== undefined && started !== undefined && isAlive({ name: 'demo', pid, started })) {
      throw new AppError('ALREADY_UP', `a demo runs in this folder already (pid ${pid})`, {
        hint: `End it there, or with \`wasm-sensors down ${STATE_DIR}\`; or use another folder.`,
      });
    }
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    await this.run(['down', '--volumes'], true);
    rmSync(this.path, { recursive: true });
    mkdirSync(this.path, { mode: 0o700 });
    writeFileSync(this.#ownerFile, JSON.stringify(identify('demo', process.pid)));
  }

  /** Runs a command of this program in the folder. Resolves with its exit code, null where a signal ended it. */
  async run(words: string[], quiet: boolean): Promise<number | null> {
    const { ansi, verbose } = this.#options;
    const typed = words.join(' ').replaceAll("'", '').split(' ');
    const { command, args } = selfCommand([...typed, '--state-dir', this.path, '--ansi', ansi]);
    const stdout = quiet || !verbose ? 'ignore' : 'inherit';
    const child = spawn(command, args, {
      cwd: this.path,
      env: this.#environment,
      stdio: ['ignore', stdout, 'inherit'],
    });
    this.#running = child;
    const [code] = await once(child, 'exit');
    this.#running = undefined;
    return code;
  }

  /** Ends the command that runs, the network and its data. Resolves with false where something is left. */
  async stop(keepLogs: boolean): Promise<boolean> {
    if (this.#running) {
      this.#running.kill();
      await once(this.#running, 'exit');
    }
    const code = await this.run(['down', '--volumes'], true);
    if (code === 0 && !keepLogs) rmSync(this.path, { recursive: true, force: true });
    return code === 0;
  }

  get #ownerFile(): string {
    return join(this.path, 'demo.json');
  }

  /** Without the user's queue and settings. */
  get #environment(): NodeJS.ProcessEnv {
    const { bacalhau } = this.#options;
    const env = { ...process.env };
    for (const setting of Object.values(SETTINGS)) for (const name of setting.env) delete env[name];
    for (const port of PORTS) env[SETTINGS[port].env[0]!] = '0';
    if (bacalhau !== undefined) env[SETTINGS.bacalhau.env[0]!] = bacalhau;
    env.COMPOSE_PROJECT_NAME = `${env.COMPOSE_PROJECT_NAME || 'wasm-sensors'}-demo`;
    return env;
  }
}
