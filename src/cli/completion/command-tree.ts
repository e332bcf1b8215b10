/** The commands as shells complete them, read from the program itself. */
import type { Command, Option } from 'commander';
import { SENSOR_CONFIG_FIELDS } from '../../protocol/sensor-config.js';

export interface CompletedOption {
  /** `--output`. */
  long: string;
  /** `-o`. */
  short?: string;
  description: string;
  takesValue: boolean;
  choices: readonly string[];
}

export interface CompletedCommand {
  /** `deploy publisher`; empty for the program itself. */
  path: string;
  /** What may follow: commands of a group, or names of values. */
  words: { name: string; description: string }[];
  options: CompletedOption[];
}

/** Fields that `config set` and `config unset` take. */
const ARGUMENTS: Record<string, string[]> = {
  'config set': SENSOR_CONFIG_FIELDS.map((field) => `${field}=`),
  'config unset': [...SENSOR_CONFIG_FIELDS],
};

/** Of the program and of every group and command that `--help` shows. */
export function commandTree(program: Command): CompletedCommand[] {
  return [...walk(program, [])];
}

function* walk(command: Command, path: string[]): Generator<CompletedCommand> {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const name = path.join(' ');
  const values = (ARGUMENTS[name] ?? []).map((word) => ({ name: word, description: '' }));
  const words = children.map((child) => ({ name: child.name(), description: child.description() }));
  yield { path: name, words: [...words, ...values], options: help.visibleOptions(command).flatMap(optionOf) };
  for (const child of children) yield* walk(child, [...path, child.name()]);
}

function optionOf({ long, short, description, required, optional, argChoices }: Option): CompletedOption[] {
  if (!long) return [];
  const named = short ? { long, short } : { long };
  return [{ ...named, description, takesValue: required || optional, choices: argChoices ?? [] }];
}

/** Groups and commands, as a shell meets them word by word. */
export const pathsOf = (tree: CompletedCommand[]): string[] => tree.map(({ path }) => path).filter(Boolean);

export const flagsOf = ({ long, short }: CompletedOption): string[] => (short ? [short, long] : [long]);
