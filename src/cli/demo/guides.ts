/** Who chooses what the demo does next: nobody (`--auto`), or the user at a terminal. */

import { demoWidth, stepResultText, stepText } from '../output/demo-text.js';
import type { Output } from '../output/output.js';
import type { DemoStep } from './demo-step.js';
import type { Choice, Coming, Guide } from './run-demo.js';

/** In a log, what was seen is enough. */
export function demoProgress(out: Output, text: string): void {
  if (process.stderr.isTTY) out.progress(text);
}

/** Runs every step once. */
export function autoGuide(out: Output): Guide {
  const width = demoWidth(process.stdout.columns);
  return {
    introduce: (coming) => out.event(coming, (style) => stepText(coming, style, width)),
    choose: async () => 'run',
    progress: (text) => demoProgress(out, text),
    show: (result) => out.event(result, (style) => stepResultText(result, style, width)),
  };
}

export interface Asking {
  /** The web page; undefined before the network runs. */
  page(): string | undefined;
  /** False where no browser can be expected. */
  openPage(url: string): boolean;
  /** Called at Ctrl-C. */
  interrupted(): void;
  /** Ends the question that is open. */
  signal: AbortSignal;
}

/** Asks before every step. */
export function askingGuide(out: Output, asking: Asking): Guide {
  return {
    ...autoGuide(out),
    async choose(coming, last) {
      for (;;) {
        out.endProgress();
        const choice = await ask(asking, coming, last);
        if (choice !== 'page') return choice;
        const page = asking.page()!;
        out.note(asking.openPage(page) ? `opened ${page}` : `open this address in your browser: ${page}`);
      }
    },
  };
}

async function ask(
  { page, signal, interrupted }: Asking,
  coming: Coming | undefined,
  last: DemoStep | undefined,
): Promise<Choice | 'page'> {
  const { default: inquirer } = await import('inquirer');
  const url = page();
  const choices: { name: string; value: Choice | 'page' }[] = [
    { name: coming ? 'Go on' : 'Stop and clean up', value: 'run' },
    ...(last ? [{ name: `Do it again: ${last.title}`, value: 'again' as const }] : []),
    ...(coming && coming.number > 1 ? [{ name: 'Skip this step', value: 'skip' as const }] : []),
    ...(url === undefined ? [] : [{ name: `Look at the page: ${url}`, value: 'page' as const }]),
    ...(coming ? [{ name: 'Stop the demo and clean up', value: 'stop' as const }] : []),
  ];
  const question = {
    type: 'select',
    name: 'choice',
    message: coming ? 'What next?' : 'That was all.',
    choices,
  } as const;
  const asked = inquirer.prompt<{ choice: Choice | 'page' }>([question]);
  const end = () => asked.ui?.close();
  signal.addEventListener('abort', end, { once: true });
  try {
    return (await asked).choice;
  } catch {
    // Ctrl-C, which reaches only the question, unless the demo ends already.
    if (!signal.aborted) interrupted();
    return new Promise(() => {});
  } finally {
    signal.removeEventListener('abort', end);
  }
}
