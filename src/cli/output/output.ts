/**
 * The program's two voices: the payload on stdout (text, one JSON document, or one JSON event a line), and everything
 * else (progress, notes, errors) on stderr.
 */
import type { ChalkInstance } from 'chalk';
import type logUpdate from 'log-update';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { type AnsiMode, styleFor } from './terminal-style.js';

// It takes 40 ms to load, and only terminals need it: the services that `up` starts don't.
const createLogUpdate = process.stderr.isTTY ? (await import('log-update')).createLogUpdate : undefined;

export type OutputMode = 'text' | 'json' | 'ndjson';
/** Version of the JSON documents below. */
const SCHEMA_VERSION = 1;

export class Output {
  /** Colours for stdout and for stderr. */
  readonly style: ChalkInstance;
  private readonly errorStyle: ChalkInstance;
  private readonly sticky: typeof logUpdate | undefined;
  private lastPlainProgress = '';
  readonly warnings: string[] = [];

  constructor(
    readonly command: string,
    readonly mode: OutputMode,
    readonly ansi: AnsiMode,
  ) {
    this.style = styleFor(process.stdout, ansi);
    this.errorStyle = styleFor(process.stderr, ansi);
    this.sticky = createLogUpdate?.(process.stderr, { showCursor: true });
  }

  /** A line of the payload, in text mode only. */
  line(text = ''): void {
    if (this.mode !== 'text') return;
    this.sticky?.clear();
    process.stdout.write(`${text}\n`);
  }

  /** The command's result: a document in JSON modes; `render` gives the text. */
  result(data: unknown, render: (style: ChalkInstance) => string): void {
    this.sticky?.clear();
    if (this.mode === 'text') process.stdout.write(`${render(this.style)}\n`);
    else this.document({ status: 'ok', data });
  }

  /** One event of a stream: a line of JSON in `ndjson`, text otherwise; `-o json` has no streams. */
  event(data: unknown, render: (style: ChalkInstance) => string | undefined): void {
    if (this.mode === 'ndjson') process.stdout.write(`${JSON.stringify(data)}\n`);
    else {
      const text = render(this.style);
      if (text !== undefined) this.line(text);
    }
  }

  /** What is being waited for; replaces the line before it on a terminal. */
  progress(text: string): void {
    if (this.sticky) this.sticky(this.errorStyle.dim(`… ${text}`));
    else if (text !== this.lastPlainProgress) process.stderr.write(`… ${text}\n`);
    this.lastPlainProgress = text;
  }

  /** Something worth knowing. */
  note(text: string): void {
    this.sticky?.clear();
    process.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.warnings.push(text);
    this.note(`${this.errorStyle.yellow('!')} ${text}`);
  }

  /** Ends the progress line. */
  settle(): void {
    this.sticky?.clear();
  }

  /** Says an error; gives the exit code. */
  error(error: unknown): number {
    this.sticky?.clear();
    const known = error instanceof AppError ? error : undefined;
    if (this.mode !== 'text') {
      this.document({
        status: 'error',
        error: {
          code: known?.code ?? 'BUG',
          category: known?.fault ?? 'bug',
          message: messageOf(error),
          ...(known?.hint ? { hint: known.hint } : {}),
          ...(known?.details.length ? { details: known.details } : {}),
        },
      });
    }
    const { red, dim } = this.errorStyle;
    if (!known) process.stderr.write(`${red('bug:')} ${(error as Error)?.stack ?? String(error)}\n`);
    else {
      process.stderr.write(`${red('error:')} ${known.message}\n`);
      for (const detail of known.details) process.stderr.write(`${dim(`  | ${detail}`)}\n`);
      if (known.hint) process.stderr.write(`${known.hint}\n`);
    }
    return known?.exitCode ?? 1;
  }

  private document(fields: Record<string, unknown>): void {
    const warnings = this.warnings.length > 0 ? { warnings: this.warnings } : {};
    const text = JSON.stringify(
      { schemaVersion: SCHEMA_VERSION, command: this.command, ...fields, ...warnings },
      null,
      this.mode === 'json' ? 2 : undefined,
    );
    process.stdout.write(`${text}\n`);
  }
}
