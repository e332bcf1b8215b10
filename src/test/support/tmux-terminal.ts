/** A real terminal to look at: a pane of a tmux server of its own, with a shell in it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../bin/wasm-sensors.js', import.meta.url));

export const tmuxMissing = spawnSync('tmux', ['-V']).status === 0 ? undefined : 'there is no tmux';

export interface TerminalSize {
  columns: number;
  rows: number;
}

let opened = 0;

export class TmuxTerminal {
  readonly #socket = `wasm-sensors-${process.pid}-${++opened}`;

  /** A shell in this folder. */
  constructor(cwd: string, { columns, rows }: TerminalSize) {
    const { PATH = '', HOME = '' } = process.env;
    const shell = ['env', '-i', `PATH=${PATH}`, `HOME=${HOME}`, 'TERM=screen-256color', 'LANG=C.UTF-8', 'PS1=$ '];
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux('-f', '/dev/null', '-u', 'new-session', '-d', ...size, '-c', cwd, ...shell, 'bash', '--norc');
  }

  /** Runs wasm-sensors; its exit code is printed as `exit=0`. */
  run(args: string[], nodeArgs: string[] = []): void {
    const quoted = [process.execPath, ...nodeArgs, BIN, ...args].map((word) => `'${word}'`).join(' ');
    this.type(`clear; ${quoted}; echo "exit=$?"`);
    this.keys('Enter');
  }

  /** Names of keys, as tmux has them: `Enter`, `C-c`, `Up`. */
  keys(...names: string[]): void {
    this.#tmux('send-keys', ...names);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What is seen, from the first row to the last. */
  rows(): string[] {
    return this.#tmux('capture-pane', '-p').replace(/\n$/, '').split('\n');
  }

  /** What is seen and what has scrolled away, without blank lines. */
  everything(): string[] {
    return this.#tmux('capture-pane', '-p', '-S', '-')
      .split('\n')
      .filter((line) => line.trim() !== '');
  }

  /** Modes that a program must give back. */
  modes(): { alternate: boolean; cursor: boolean; wrap: boolean } {
    const [alternate, cursor, wrap] = this.#tmux('display', '-p', '#{alternate_on}#{cursor_flag}#{wrap_flag}');
    return { alternate: alternate === '1', cursor: cursor === '1', wrap: wrap === '1' };
  }

  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
  }
}
