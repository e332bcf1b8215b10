/** How a command is declared: its settings come from the table, its action gets an output and the settled settings. */
import { type Command, Option } from 'commander';
import { loadSettings } from '../config/load-settings.js';
import type { Resolved } from '../config/resolve-settings.js';
import { url } from '../config/setting-schemas.js';
import { SETTINGS, type SettingDef, type SettingKey, type Settings } from '../config/settings.js';
import { usageError } from '../lib/errors/app-error.js';
import { explainStateFailure } from '../lib/fs/state-folder.js';
import { Output, type OutputMode } from './output/output.js';
import type { AnsiMode } from './output/terminal-style.js';

export interface CommandContext {
  out: Output;
  settings: Settings;
  provenance: Resolved['provenance'];
  /** Options that are no settings, and positional arguments, as commander gives them. */
  options: Record<string, unknown>;
  args: string[];
}

export interface CommandSpec {
  /** Path and arguments, such as `deploy publisher` or `config edit <region>`. */
  name: string;
  summary: string;
  /** Settings with a flag here; all others still come from the environment and files. A text replaces the flag. */
  settings?: SettingKey[] | Partial<Record<SettingKey, string>>;
  options?: Option[];
  /** Which `-o` modes it has; the first is the default. None: it has no `-o`. */
  modes?: OutputMode[];
  /** Shown under the options. */
  examples?: string[];
  hidden?: boolean;
  /** Its arguments are a command of another program, whose options are none of ours. */
  passThrough?: boolean;
  /** Gives the exit code; nothing is 0. */
  action(context: CommandContext): Promise<number | undefined>;
}

/** Adds a command to the program; groups such as `deploy` are made on the way. */
export function addCommand(program: Command, spec: CommandSpec): void {
  const words = spec.name.split(' ');
  const path = words.filter((word) => !/^[[<]/.test(word));
  let parent = program;
  for (const word of path.slice(0, -1)) {
    parent = parent.commands.find((command) => command.name() === word) ?? parent.command(word);
  }
  const command = parent.command(words.slice(path.length - 1).join(' '), { hidden: spec.hidden ?? false });
  command.description(spec.summary).passThroughOptions(spec.passThrough ?? false);
  const flags = settingFlags(spec.settings ?? []);
  for (const [key, flag] of flags) command.addOption(settingOption(key, flag));
  for (const option of spec.options ?? []) command.addOption(option);
  if (spec.modes) {
    command.addOption(
      new Option('-o, --output <mode>', 'what stdout carries').choices(spec.modes).default(spec.modes[0]),
    );
  }
  command.addOption(new Option('--ansi <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'));
  if (spec.examples)
    command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}`);
  command.action(async (...given: unknown[]) => {
    const options = command.opts();
    const out = new Output(path.join(' '), (options.output ?? 'text') as OutputMode, options.ansi as AnsiMode);
    try {
      const overrides: Partial<Record<SettingKey, unknown>> = {};
      for (const [key, flag] of flags) overrides[key] = options[new Option(flag).attributeName()];
      const names = Object.fromEntries(flags.map(([key, flag]) => [key, flag.split(' ')[0]!]));
      const { values, provenance } = loadSettings(overrides, process.cwd(), names);
      const args = given
        .slice(0, -2)
        .flat()
        .filter((arg): arg is string => typeof arg === 'string');
      const done = spec.action({ out, settings: values, provenance, options, args }).catch((error) => {
        throw explainStateFailure(error, values.stateDir);
      });
      process.exitCode = (await done) ?? 0;
    } catch (error) {
      process.exitCode = out.error(error);
      // The channel to a supervisor would keep this process alive.
      if (process.connected) process.disconnect();
    }
  });
}

function settingFlags(settings: NonNullable<CommandSpec['settings']>): [SettingKey, string][] {
  if (Array.isArray(settings)) return settings.map((key) => [key, SETTINGS[key].flag]);
  return Object.entries(settings) as [SettingKey, string][];
}

function settingOption(key: SettingKey, flag: string): Option {
  const { env, description, schema } = SETTINGS[key] as SettingDef;
  const fallback = schema.safeParse(undefined);
  const shown = fallback.success && fallback.data !== undefined ? `; default: ${fallback.data}` : '';
  return new Option(flag, `${description} (env: ${env[0]}${shown})`);
}

/** A whole number from an option; throws `BAD_OPTION` naming the flag. */
export function integerOption(value: unknown, flag: string, min: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= min) return number;
  throw usageError('BAD_OPTION', `${flag}: ${JSON.stringify(value)} is not a whole number from ${min} on`);
}

/** An http(s) URL from an option, without slashes at its end; throws `BAD_OPTION` naming the flag. */
export function urlOption(value: unknown, flag: string): string | undefined {
  if (value === undefined) return undefined;
  const parsed = url.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = `${flag}: ${JSON.stringify(value)} ${parsed.error.issues[0]!.message}`;
  throw usageError('BAD_OPTION', problem, `For example: ${flag} http://127.0.0.1:9324`);
}
