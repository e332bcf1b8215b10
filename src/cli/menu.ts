/** `wasm-sensors` without arguments at a terminal: a short menu of what a newcomer may want. */
import { resolve } from 'node:path';
import { loadSettings } from '../config/load-settings.js';
import { readRunState } from '../runtime/run-state.js';

export interface MenuEntry {
  name: string;
  /** The command line that it stands for. */
  words: string[];
}

/** `commands`: names of those that there are. `running`: the kind of the network that is up in this folder. */
export function menuEntries(commands: string[], running: string | undefined): MenuEntry[] {
  const attach = commands.includes('top') ? 'top' : 'up';
  const entries = [
    ...(running === undefined
      ? []
      : [{ name: `Attach to the ${running} network that runs in this folder`, words: [attach] }]),
    { name: 'Demo: a guided tour, step by step', words: ['demo'] },
    ...(running === undefined
      ? [{ name: 'Up: start a network with sensors in this terminal', words: ['up', '--deploy'] }]
      : []),
    { name: 'Doctor: check what this machine has', words: ['doctor'] },
    { name: 'Help: all commands', words: ['--help'] },
  ];
  return entries.filter(({ words: [first = ''] }) => first.startsWith('-') || commands.includes(first));
}

/** The chosen command line; undefined when the user leaves. */
export async function askForCommand(commands: string[]): Promise<string[] | undefined> {
  const { default: inquirer } = await import('inquirer');
  const choices = menuEntries(commands, runningKind()).map(({ name, words }) => ({ name, value: words }));
  const question = { type: 'select', name: 'words', message: 'What do you want to do?', choices } as const;
  try {
    return (await inquirer.prompt<{ words: string[] }>([question])).words;
  } catch {
    return undefined;
  }
}

/** Settings or a state that can't be read are reported by the command that needs them. */
function runningKind(): string | undefined {
  try {
    const state = readRunState(resolve(loadSettings({}).values.stateDir));
    return state?.alive ? state.kind : undefined;
  } catch {
    return undefined;
  }
}
