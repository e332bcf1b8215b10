/** Texts of the demo: its steps, what was seen, and what to do next. */
import type { StepResult } from '../demo/demo-run.js';
import { wrapped } from './cells.js';
import { commandName } from './command-name.js';
import { type Style, secondsText, swatch } from './terminal-text.js';

/** Columns of a line of a command: as many as those of the narrowest usual terminal. */
const WIDEST = 76;

export function stepText(heading: string, about: string, words: string[], style: Style): string {
  const lines = commandLines(words).map((line, i) => style.cyan(`${i === 0 ? '$' : ' '} ${line}`));
  return ['', style.bold(heading), about, ...lines].join('\n');
}

/** The marks and the colours of readings in colour. */
export function stepResultText({ evidence, error, seconds }: StepResult, style: Style): string {
  const findings = evidence.map(({ ok, text, must }) => ({ ok, text: ok ? text : `${text}; must be seen: ${must}` }));
  if (error !== undefined) findings.push({ ok: false, text: error });
  return findings
    .map(({ ok, text }, i) => {
      const took = i === findings.length - 1 ? ` (took ${secondsText(seconds)})` : '';
      const colored = `${text}${took}`.replace(/#[0-9a-f]{6}\b/g, (color) => swatch(style, color));
      return `${ok ? style.green('✓') : style.red('✗')} ${colored}`;
    })
    .join('\n');
}

/** A command as it is typed; where it is too long, it goes on in the next line. */
export const commandLines = (words: string[], program = commandName()): string[] =>
  wrapped(`${program} ${words.join(' ')}`, WIDEST, 2)
    .replaceAll('\n', ' \\\n')
    .split('\n');

export const passed = (results: StepResult[]): boolean => results.every(({ outcome }) => outcome === 'seen');

/** `of`: how many steps there are. */
export function demoEndText(results: StepResult[], of: number, seconds: number, style: Style): string {
  const missed = results.find(({ outcome }) => outcome !== 'seen');
  const summary = missed
    ? style.red(`The demo ended at "${missed.title}" (step ${results.length} of ${of}): not everything was seen.`)
    : style.green(`${results.length} of ${of} steps done, and everything was seen, in ${secondsText(seconds)}.`);
  return `\n${summary}\nA network of your own, which stays: ${commandName()} up --deploy`;
}

export const demoSecondTerminalText = (folder: string): string =>
  `While the demo runs, you can type its commands in a second terminal, in this folder. Everything is in ${folder}, which is removed at the end.`;
