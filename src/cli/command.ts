/** How a command is declared. Its settings come from the table; its action gets an output and the resolved settings. */
import { type Command, Option } from 'commander';
import { loadSettings } from '../config/load-settings.js';
import type { Resolved } from '../config/resolve-settings.js';
import { SETTINGS, type SettingDef, type SettingKey, type Settings } from '../config/settings.js';
import { explainStateFailure } from '../lib/fs/state-folder.js';
// Enters the kinds of networks into the settings.
import '../network/registry.js';
import { GROUPS } from './command-groups.js';
import type { OptionValues } from './command-options.js';
import { withCommandName } from './output/command-name.js';
import { Output, type OutputMode } from './output/output.js';
import type { AnsiMode } from './output/terminal-text.js';

export interface CommandContext {
  out: Output;
  settings: Settings;
  provenance: Resolved['provenance'];
  /** Options that are not settings. */
  options: OptionValues;
  /** Positional arguments. */
  args: string[];
  /** With every command. */
  program: Command;
}

export interface CommandSpec {
  /** Path and arguments, such as `deploy publisher` or `config edit <region>`. */
  name: string;
  summary: string;
  /** Settings that have a flag here; all others come from the environment and files. A text replaces the flag. */
  settings?: SettingKey[] | Partial<Record<SettingKey, string>>;
  options?: Option[];
  /** For `--help` of a command with very many: names of options (`port`) under their heading, in the order shown. */
  optionGroups?: Record<string, string[]>;
  /** Which `-o` modes it has; the first is the default. None: it has no `-o`. */
  modes?: OutputMode[];
  /** Shown under the options. */
  examples?: string[];
  hidden?: boolean;
  /** Its arguments are a command of another program, with options of its own. */
  passThrough?: boolean;
  /** Resolves with the exit code; undefined is 0. */
  action(context: CommandContext): Promise<number | undefined>;
}

/** Adds a command to the program, and the group that it belongs to, such as `deploy`. */
export function addCommand(program: Command, spec: CommandSpec): void {
  const words = spec.name.split(' ');
  const path = words.filter((word) => !/^[[<]/.test(word));
  let parent = program;
  for (const word of path.slice(0, -1)) {
    parent =
      parent.commands.find((command) => command.name() === word) ??
      parent.command(word).description(GROUPS[word] ?? '');
  }
  const command = parent.command(words.slice(path.length - 1).join(' '), { hidden: spec.hidden ?? false });
  command.description(spec.summary).passThroughOptions(spec.passThrough ?? false);
  const flags = settingFlags(spec.settings ?? []);
  const options = [...flags.map(([key, flag]) => settingOption(key, flag)), ...(spec.options ?? [])];
  if (spec.modes) {
    options.push(new Option('-o, --output <mode>', 'format of stdout').choices(spec.modes).default(spec.modes[0]));
  }
  options.push(new Option('--ansi <when>', 'when to use colours').choices(['auto', 'always', 'never']).default('auto'));
  for (const option of grouped(options, spec.optionGroups)) command.addOption(option);
  if (spec.examples) command.addHelpText('after', examplesText(spec.examples));
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
      const done = spec.action({ out, settings: values, provenance, options, args, program }).catch((error) => {
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

/** The options in the order of their groups, each with its heading; those without a group come last. */
function grouped(options: Option[], groups: CommandSpec['optionGroups']): Option[] {
  if (!groups) return options;
  const found = Object.entries(groups).flatMap(([heading, names]) =>
    names.flatMap((name) => options.find(({ long }) => long === `--${name}`)?.helpGroup(heading) ?? []),
  );
  return [
    ...found,
    ...options.filter((option) => !found.includes(option)).map((one) => one.helpGroup('Other options:')),
  ];
}

const examplesText = (examples: string[]) =>
  withCommandName(`\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);

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
