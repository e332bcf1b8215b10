// A real shell on a pseudo-terminal, and what a terminal of that size shows of it, at each moment.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import pty from '@lydell/node-pty';

const require = createRequire(import.meta.url);
const { Terminal } = require('@xterm/headless');
const { Unicode11Addon } = require('@xterm/addon-unicode11');

/**
 * Neighbouring cells that look the same. `fg` and `bg` are `#rrggbb`, a number of the 256-colour palette, or absent for
 * the terminal's own colour.
 *
 * @typedef {{ x: number, cells: number, text: string, fg?: string | number, bg?: string | number, bold?: true, dim?: true }} Run
 * @typedef {{ at: number, rows: Run[][] }} Frame `at` in ms since the recording began
 */

/** A redraw comes in several pieces; a frame is taken when there was nothing new for this long. */
const QUIET_MS = 40;

export class RecordedShell {
  /** @type {Frame[]} */
  frames = [];
  #shell;
  #screen;
  /** @type {NodeJS.Timeout | undefined} */
  #quiet;

  /**
   * @param {{ cols: number, rows: number, cwd: string, env: NodeJS.ProcessEnv, began: number }} options `began`: when the
   *   recording began, as `performance.now()` gives it
   */
  constructor({ cols, rows, cwd, env, began }) {
    this.#screen = new Terminal({ cols, rows, allowProposedApi: true, scrollback: 0 });
    this.#screen.loadAddon(new Unicode11Addon());
    this.#screen.unicode.activeVersion = '11';
    this.#shell = pty.spawn('bash', ['--norc', '--noprofile'], { cols, rows, cwd, env: { ...env, PS1: '$ ' } });
    this.#shell.onData((data) => {
      this.#screen.write(data, () => {
        this.#quiet ??= setTimeout(() => this.#take(performance.now() - began), QUIET_MS);
      });
    });
    // Programs ask the terminal what it is and where the cursor stands.
    this.#screen.onData((answer) => this.#shell.write(answer));
  }

  /** Types as a person does, and presses Enter. */
  async type(/** @type {string} */ line) {
    for (const character of line) {
      this.#shell.write(character);
      await sleep(35);
    }
    await sleep(300);
    this.#shell.write('\r');
  }

  /** Presses one key, such as `q` or `\x03` (Ctrl-C). */
  press(/** @type {string} */ key) {
    this.#shell.write(key);
  }

  /** Waits until the screen shows a text; fails with what it shows after 60 s. */
  async see(/** @type {RegExp} */ pattern) {
    for (const deadline = performance.now() + 60_000; !pattern.test(this.text()); await sleep(50)) {
      if (performance.now() > deadline) throw new Error(`the terminal does not show ${pattern}:\n${this.text()}`);
    }
  }

  /** What the screen shows now. */
  text() {
    return this.#rows()
      .map((runs) => runs.map(({ text }) => text).join(''))
      .join('\n');
  }

  /** Ends the shell and what runs in it, by a hang-up, as closing a window does. */
  async close() {
    clearTimeout(this.#quiet);
    const ended = new Promise((resolve) => this.#shell.onExit(resolve));
    this.#shell.kill('SIGHUP');
    await ended;
  }

  #take(/** @type {number} */ at) {
    this.#quiet = undefined;
    this.frames.push({ at, rows: this.#rows() });
  }

  /** @returns {Run[][]} */
  #rows() {
    const buffer = this.#screen.buffer.active;
    return Array.from({ length: this.#screen.rows }, (_, y) => {
      const line = buffer.getLine(buffer.viewportY + y);
      return line === undefined ? [] : runsOf(line, this.#screen.cols);
    });
  }
}

/**
 * @param {import('@xterm/headless').IBufferLine} line
 * @param {number} cols
 */
function runsOf(line, cols) {
  /** @type {Run[]} */
  const runs = [];
  for (let x = 0; x < cols; x++) {
    const cell = line.getCell(x);
    const cells = cell?.getWidth() ?? 0;
    // The second half of a wide character has no width.
    if (cell === undefined || cells === 0) continue;
    const look = lookOf(cell);
    const last = runs.at(-1);
    const text = cell.getChars() || ' ';
    // A wide character is a run of its own: fonts do not agree on how wide it is.
    if (last && cells === 1 && last.cells === last.text.length && sameLook(last, look)) {
      last.text += text;
      last.cells++;
    } else {
      runs.push({ x, cells, text, ...look });
    }
  }
  return runs.map(withoutTrailingBlanks).filter(({ text }) => text !== '');
}

/** @param {Run} run */
function withoutTrailingBlanks(run) {
  const text = run.bg === undefined ? run.text.trimEnd() : run.text;
  return { ...run, text, cells: run.cells - (run.text.length - text.length) };
}

/** @param {import('@xterm/headless').IBufferCell} cell */
function lookOf(cell) {
  const color = (/** @type {boolean} */ isDefault, /** @type {boolean} */ isRgb, /** @type {number} */ value) =>
    isDefault ? undefined : isRgb ? `#${value.toString(16).padStart(6, '0')}` : value;
  let fg = color(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor());
  let bg = color(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor());
  if (cell.isInverse()) [fg, bg] = [bg ?? 'background', fg ?? 'text'];
  return {
    ...(fg !== undefined && { fg }),
    ...(bg !== undefined && { bg }),
    ...(cell.isBold() && { bold: /** @type {const} */ (true) }),
    ...(cell.isDim() && { dim: /** @type {const} */ (true) }),
  };
}

const sameLook = (/** @type {object} */ a, /** @type {object} */ b) =>
  ['fg', 'bg', 'bold', 'dim'].every((key) => a[key] === b[key]);
