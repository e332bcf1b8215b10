/** What the scripts for bash and zsh have in common: quotes, and the patterns of their `case`. */
import { type CompletedCommand, type CompletedOption, flagsOf, pathsOf } from './command-tree.js';

export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Matches the path of every group and command. */
export const pathPattern = (tree: CompletedCommand[]): string => pathsOf(tree).map(quoted).join('|');

/** Of each option with a value: what matches `PATH:FLAG`. */
export const valuePatterns = (tree: CompletedCommand[]): { pattern: string; option: CompletedOption }[] =>
  tree.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map((option) => {
        const patterns = flagsOf(option).map((flag) => quoted(`${path}:${flag}`));
        return { pattern: patterns.join('|'), option };
      }),
  );
