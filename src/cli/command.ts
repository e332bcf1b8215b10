/**
 * How a command is declared. Its settings come from the table; its action gets an output, the resolved settings, and the
 * values of its options and arguments.
 */
import { type Command, Option } from 'commander';
import { loadSettings } from '../config/load-settings.js';
import type { Resolved } from '../config/resolve-settings.js';
import { ownFlag } from '../config/service-config.js';
import { SETTINGS, type SettingDef, type SettingKey, type Settings, sectionOf } from '../config/settings.js';
import { explainStateFailure } from '../lib/fs/state-folder.js';
// Enters the kinds of networks into the settings.
import '../network/registry.js';
import type { Options, Values } from './options.js';
import { wrapped } from './output/cells.js';
import { withCommandName } from './output/command-name.js';
import { Output, type OutputMode } from './output/output.js';
import { type AnsiMode, terminalWidth } from './output/terminal-text.js';

/** `config edit <region>` has `{ region: string }`, `logs [services...]` has `{ services: string[] }`. */
type ArgsOf<Name extends string> = Name extends `${infer Word} ${infer Rest}`
  ? ArgOf<Word> & ArgsOf<Rest>
  : ArgOf<Name>;
type ArgOf<Word extends string> = Word extends `<${infer Arg}...>` | `[${infer Arg}...]`
  ? Record<Arg, string[]>
  : Word extends `<${infer Arg}>`
    ? Record<Arg, string>
    : Word extends `[${infer Arg}]`
      ? Record<Arg, string | undefined>
      : unknown;

export interface CommandContext<O extends Options = Options, Name extends string = string> {
  out: Output;
  settings: Settings;
  provenance: Resolved['provenance'];
  /** Options that are not settings. */
  options: Values<O>;
  args: ArgsOf<Name>;
  ansi: AnsiMode;
}

export interface CommandSpec<O extends Options = Options, Name extends string = string> {
  /** Path and arguments, such as `deploy publisher` or `config edit <region>`. */
  name: Name;
  summary: string;
  /** Settings that have a flag here, the state folder unless it says otherwise; all others come from the environment and files. */
  settings?: SettingKey[];
  /** The flag of its port is `--port`, whatever the table has. */
  onePort?: boolean;
  options?: O;
  /** For `--help` of a command with very many options: settings stand under the headings of their sections. */
  sections?: boolean;
  /** Which `-o` modes it has, text and json unless it says otherwise; the first is the default. None: it has no `-o`. */
  modes?: OutputMode[];
  /** What settings mean here, where their usual descriptions do not say it. */
  settingTexts?: Partial<Record<SettingKey, string>>;
  examples?: string[];
  hidden?: boolean;
  /** Its arguments are a command of another program, with options of its own. */
  passThrough?: boolean;
  /** Resolves with the exit code; with none it is 0. */
  action(context: CommandContext<O, Name>): Promise<number | undefined> | Promise<void>;
}

/** Declares a command: its action gets the types of its options and arguments. */
export const command = <const Name extends string, O extends Options = Record<never, never>>(
  spec: CommandSpec<O, Name>,
): CommandSpec => spec;

/** Adds a command to the program, and the group that it belongs to, such as `deploy`. */
export function addCommand(program: Command, spec: CommandSpec): void {
  const words = spec.name.split(' ');
  const path = words.filter((word) => !/^[[<]/.test(word));
  let parent = program;
  for (const word of path.slice(0, -1)) {
    parent = parent.commands.find((command) => command.name() === word) ?? parent.command(word);
  }
  const command = parent.command(words.slice(path.length - 1).join(' '), { hidden: spec.hidden ?? false });
  command.description(spec.summary).passThroughOptions(spec.passThrough ?? false);
  const flags = (spec.settings ?? ['stateDir' as const]).map(
    (key) => [key, spec.onePort ? ownFlag(key) : SETTINGS[key].flag] as const,
  );
  const own = Object.entries(spec.options ?? {});
  const settings = flags.map(([key, flag]) => {
    const { env, description: usual, schema }: SettingDef = SETTINGS[key];
    const description = spec.settingTexts?.[key] ?? usual;
    const fallback = schema.safeParse(undefined);
    const shown = fallback.success && fallback.data !== undefined ? `; default: ${fallback.data}` : '';
    const option = new Option(flag, `${description} (env: ${env[0]}${shown})`);
    return spec.sections ? option.helpGroup(sectionOf(key)) : option;
  });
  const options: Option[] = [...settings, ...own.map(([, option]) => option)];
  const { modes = ['text', 'json'] } = spec;
  if (modes.length > 0) {
    options.push(new Option('-o, --output <mode>', 'format of stdout').choices(modes).default(modes[0]));
  }
  options.push(new Option('--ansi <when>', 'when to use colours').choices(['auto', 'always', 'never']).default('auto'));
  for (const option of options) command.addOption(option);
  if (spec.examples) command.addHelpText('after', examplesText(spec.examples));
  command.action(async () => {
    const given = command.opts<{ output?: OutputMode; ansi: AnsiMode } & Record<string, unknown>>();
    const out = new Output(path.join(' '), given.output ?? 'text', given.ansi);
    try {
      const overrides = Object.fromEntries(flags.map(([key, flag]) => [key, given[new Option(flag).attributeName()]]));
      const names = Object.fromEntries(flags.map(([key, flag]) => [key, flag.split(' ')[0]]));
      const { values: settings, provenance, unknown } = loadSettings(overrides, process.cwd(), names);
      // A child of `up` has its variables, which that has warned of.
      if (!process.connected) for (const text of unknown) out.warn(text);
      const values = Object.fromEntries(
        own.map(([name, option]) => [name, option.read(given[option.attributeName()])]),
      );
      const args = Object.fromEntries(
        command.registeredArguments.map((arg, i) => [arg.name(), command.processedArgs[i]]),
      );
      const done = Promise.resolve(spec.action({ out, settings, provenance, options: values, args, ansi: given.ansi }));
      const code = await done.catch((error) => {
        throw explainStateFailure(error, settings.stateDir);
      });
      process.exitCode = code ?? 0;
    } catch (error) {
      process.exitCode = out.error(error);
      // The channel to a supervisor would keep this process alive.
      if (process.connected) process.disconnect();
    }
  });
}

/** A command that is longer than a line of the terminal is continued as a shell takes it. */
function examplesText(examples: string[]): string {
  const width = terminalWidth();
  const lines = examples.map((line) => wrapped(`  ${withCommandName(line)}`, width && width - 2, 6));
  return `\nExamples:\n${lines.map((line) => line.replaceAll('\n', ' \\\n')).join('\n')}`;
}
