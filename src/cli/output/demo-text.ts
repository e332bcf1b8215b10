/** Texts of the demo: its steps, what was seen, and what to do next. */
import { messageOf } from '../../lib/errors/app-error.js';
import type { DemoCommand } from '../demo/demo-step.js';
import type { Coming, StepResult } from '../demo/run-demo.js';
import { commandName } from './command-name.js';
import { type Style, secondsText, swatch, widthOf } from './terminal-text.js';

/** Lines longer than this are hard to read, also where a terminal is wider. */
const WIDEST = 90;
const UNKNOWN_WIDTH = 80;

export const demoWidth = (columns: number | undefined): number => Math.min(columns ?? UNKNOWN_WIDTH, WIDEST);

/** Title, what it does, and the command. */
export function stepText({ step, number, of, about, command }: Coming, style: Style, width: number): string {
  const heading = `${number}/${of}  ${step.title}`;
  return [
    '',
    style.bold(heading),
    ...wrapped(about, width),
    ...commandLines(command, width - 2).map((line, i) => style.cyan(`${i === 0 ? '$' : ' '} ${line}`)),
  ].join('\n');
}

export function stepResultText(result: StepResult, style: Style, width: number): string {
  const { outcome, sights, error, missing, title, seconds } = result;
  if (outcome === 'skipped') {
    const why = missing ? `: it needs ${missing.map((one) => `"${one}"`).join(' and ')}` : '';
    return wrapped(`${missing ? `"${title}" is skipped` : 'skipped'}${why}`, width)
      .map((line) => style.dim(line))
      .join('\n');
  }
  const lines = sights.map(({ ok, text, must }) => (ok ? `✓ ${text}` : `✗ ${text}; must be seen: ${must}`));
  if (outcome === 'failed') lines.push(`✗ ${messageOf(error)}`);
  lines[lines.length - 1] += ` (took ${secondsText(seconds)})`;
  return lines.flatMap((line) => marked(line, style, width)).join('\n');
}

/** The mark and the colours of readings in colour, and further lines under the first word. */
function marked(line: string, style: Style, width: number): string[] {
  const [mark, text] = [line.slice(0, 1), line.slice(2)];
  const colored = text.replace(/#[0-9a-f]{6}\b/g, (color) => swatch(style, color));
  const first = mark === '✓' ? style.green(mark) : style.red(mark);
  return wrapped(colored, width - 2).map((part, i) => `${i === 0 ? first : ' '} ${part}`);
}

/** A command as it is typed; where it is too long, it goes on in the next line. */
export function commandLines({ program = commandName(), words }: DemoCommand, width: number): string[] {
  const lines: string[] = [];
  let line = program;
  for (const word of words) {
    const [first = '', ...rest] = word.split('\n');
    if (widthOf(`${line} ${first} \\`) > width) {
      lines.push(`${line} \\`);
      line = `  ${first}`;
    } else line += ` ${first}`;
    for (const next of rest) {
      lines.push(line);
      line = `  ${next}`;
    }
  }
  return [...lines, line];
}

/** Lines of at most `width` columns, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(`${line} ${word}`) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The result as `-o json` shows it. */
export function demoDocument(kind: string, nodes: number, results: StepResult[], seconds: number) {
  return {
    ...{ network: kind, nodesPerRegion: nodes, passed: passed(results), seconds },
    steps: results.map(({ error, missing: _, ...result }) => ({
      ...result,
      ...(error === undefined ? {} : { error: messageOf(error) }),
    })),
  };
}

/** Whether every step that was done saw what it must see. */
export const passed = (results: StepResult[]): boolean =>
  results.every(({ outcome }) => outcome === 'seen' || outcome === 'skipped');

/** `steps`: how many there are. */
export function demoEndText(
  { results, steps, seconds }: { results: StepResult[]; steps: number; seconds: number },
  style: Style,
  width: number,
): string {
  const done = results.filter(({ outcome }) => outcome !== 'skipped').length;
  const missed = results.filter(({ outcome }) => outcome === 'unseen' || outcome === 'failed');
  const summary =
    missed.length === 0
      ? style.green(`${done} of ${steps} steps done, and everything was seen, in ${secondsText(seconds)}.`)
      : style.red(
          `${done} of ${steps} steps done. Not everything was seen: ${missed.map(({ title }) => title).join('; ')}.`,
        );
  const next = nextCommands().flatMap(({ what, command }) => [
    what,
    ...commandLines(command, width - 4).map((line, i) => style.cyan(`  ${i === 0 ? '$' : ' '} ${line}`)),
  ]);
  return ['', ...wrapped(summary, width), '', style.bold('What next'), ...next].join('\n');
}

const nextCommands = (): { what: string; command: DemoCommand }[] => [
  { what: 'A network of your own, which stays:', command: { words: ['up', '--deploy'] } },
  {
    what: 'The same with your Amazon SQS queue:',
    command: {
      program: 'SQS_QUEUE_URL=https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE',
      words: [`${commandName()} up --deploy`],
    },
  },
  {
    what: 'On your own Bacalhau cluster:',
    command: { words: ['up', '--network remote', '--api-host HOST', '--proxy-url URL', '--deploy'] },
  },
];

export const demoSecondTerminalText = (folder: string): string =>
  `While the demo runs, you can type its commands in a second terminal, in this folder. Everything is in ${folder}, which is removed at the end.`;
