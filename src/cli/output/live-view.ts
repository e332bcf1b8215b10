/** The live view of a terminal: the summary, the newest readings under it, and what happened. */
import type { ChalkInstance } from 'chalk';
import { createLogUpdate } from 'log-update';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { eventLine } from './reading-lines.js';
import { summaryTable } from './summary-table.js';

const REDRAW_EVERY_MS = 100;
const READINGS = 12;
const NOTES = 5;

export class LiveView {
  private readonly draw = createLogUpdate(process.stdout, { showCursor: true });
  private summary: FleetSummary | undefined;
  private lines: string[] = [];
  private notes: string[] = [];
  private waitingFor = '';
  private timer: NodeJS.Timeout | undefined;

  /** `heading`: what runs and where, and how to go on. */
  constructor(
    private readonly style: ChalkInstance,
    private readonly heading: string[],
  ) {}

  show(event: FleetEvent): void {
    if (event.event === 'summary') this.summary = event.summary;
    else this.lines = [...this.lines, eventLine(event, this.style) ?? ''].slice(-READINGS);
    this.schedule();
  }

  /** Something that happened to the network, such as a restarted process. */
  note(text: string): void {
    this.notes = [...this.notes, text].slice(-NOTES);
    this.waitingFor = '';
    this.schedule();
  }

  /** What is being waited for, until the next note. */
  progress(text: string): void {
    this.waitingFor = text;
    this.schedule();
  }

  /** Leaves the last picture on the screen. */
  close(): void {
    clearTimeout(this.timer);
    this.render();
    this.draw.done();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.render(), REDRAW_EVERY_MS);
  }

  private render(): void {
    this.timer = undefined;
    const parts = [this.heading.join('\n')];
    if (this.summary?.regions.length) parts.push(summaryTable(this.summary, this.style));
    if (this.lines.length > 0) parts.push(this.lines.join('\n'));
    if (this.notes.length > 0) parts.push(this.notes.map((note) => this.style.yellow(note)).join('\n'));
    if (this.waitingFor !== '') parts.push(this.style.dim(`… ${this.waitingFor}`));
    this.draw(parts.join('\n\n'));
  }
}
