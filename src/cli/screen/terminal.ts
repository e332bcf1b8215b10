/**
 * A terminal as a full screen: its alternate buffer, without cursor and line wrap, with keys one by one. It is as it was
 * when the screen closes, when this process exits for any reason that it can see, and while it is suspended. A SIGKILL
 * can't be seen: then `reset` restores the terminal.
 */
import { emitKeypressEvents, type Interface } from 'node:readline';
import type { Key } from './screen-state.js';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';
/** Terminals that know it show the lines between these at once. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
/** A terminal that is closed: SIGHUP follows, and is handled like other signals. */
const ignore = () => {};
/** How long the rest of an escape sequence may take; Esc alone is known after that. */
const ESCAPE_MS = 50;

interface TerminalEvents {
  onKey(key: Key): void;
  /** Its size changed, or another program has drawn on it: draw again. */
  onResize(): void;
  /** A line that another part of the program wrote to the same terminal; it is also written there at the end. */
  onStderr(text: string): void;
}

export class Terminal {
  readonly #stdin = process.stdin;
  readonly #stdout = process.stdout;
  #shown: string[] = [];
  /** The screen is on the terminal: open and not suspended. */
  #isOn = false;
  #stderr: typeof process.stderr.write | undefined;
  #held = '';

  constructor(private readonly events: TerminalEvents) {}

  get size(): { width: number; rows: number } {
    return { width: this.#stdout.columns || 80, rows: this.#stdout.rows || 24 };
  }

  open(): void {
    // One that is closed says so whenever it is used, also after the screen.
    this.#stdin.on('error', ignore);
    this.#enter();
    this.#holdStderr();
    if (this.#stdin.isTTY) {
      emitKeypressEvents(this.#stdin, { escapeCodeTimeout: ESCAPE_MS } as unknown as Interface);
      this.#stdin.resume();
    }
    for (const [emitter, event, listener] of this.#listeners) emitter.on(event, listener);
  }

  close(): void {
    for (const [emitter, event, listener] of this.#listeners) emitter.off(event, listener);
    this.#stdin.pause();
    this.#onExit();
  }

  /** Shows the lines from the top; only what changed is written. Nothing scrolls: each line is put in its place. */
  draw(lines: string[]): void {
    if (!this.#isOn) return;
    const { rows } = this.size;
    let changes = '';
    for (let row = 0; row < rows; row++) {
      const line = lines[row] ?? '';
      if (line !== this.#shown[row]) changes += `\x1b[${row + 1};1H\x1b[2K${line}\x1b[0m`;
    }
    this.#shown = Array.from({ length: rows }, (_, row) => lines[row] ?? '');
    if (changes !== '') this.#stdout.write(`${BEGIN}${changes}${END}`);
  }

  /** Ctrl-Z: gives the terminal back until the shell continues this job. */
  #suspend(): void {
    this.#leave();
    // The whole job, as the terminal would do it: a program that started this one is part of it.
    process.kill(0, 'SIGTSTP');
  }

  #enter(): void {
    this.#isOn = true;
    if (this.#stdin.isTTY) this.#stdin.setRawMode(true);
    this.#stdout.write(ENTER);
    this.#shown = [];
  }

  #leave(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    if (this.#stdin.isTTY) this.#stdin.setRawMode(false);
    this.#stdout.write(LEAVE);
  }

  /** Anything else on this terminal would be drawn over. */
  #holdStderr(): void {
    if (!process.stderr.isTTY) return;
    this.#stderr = process.stderr.write;
    process.stderr.write = ((text: string | Uint8Array) => {
      this.#held += String(text);
      this.events.onStderr(String(text));
      return true;
    }) as typeof process.stderr.write;
  }

  readonly #redraw = () => {
    this.#shown = [];
    if (!this.#isOn) return;
    this.#stdout.write('\x1b[2J');
    this.events.onResize();
  };

  readonly #onContinue = () => {
    this.#enter();
    this.events.onResize();
  };

  readonly #onExit = () => {
    this.#leave();
    if (!this.#stderr) return;
    process.stderr.write = this.#stderr;
    this.#stderr = undefined;
    process.stderr.write(this.#held);
  };

  readonly #onKeypress = (text: string | undefined, key: { name?: string; ctrl?: boolean; sequence?: string }) => {
    if (key.ctrl && key.name === 'c') process.kill(process.pid, 'SIGINT');
    if (key.ctrl && key.name === 'z') this.#suspend();
    if (key.ctrl) return;
    const printed = text !== undefined && !/\p{Control}/u.test(text) ? text : '';
    this.events.onKey({ name: key.name ?? '', text: printed });
  };

  /** While it is open. */
  readonly #listeners: [NodeJS.EventEmitter, string, Parameters<NodeJS.EventEmitter['on']>[1]][] = [
    [process.stdin, 'keypress', this.#onKeypress],
    [process.stdout, 'resize', this.#redraw],
    [process, 'SIGCONT', this.#onContinue],
    [process, 'exit', this.#onExit],
  ];
}
