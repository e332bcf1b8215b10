/** Completion: each shell has a short script that asks this program at every Tab. */
import type { Command } from 'commander';
import { selfCommand } from '../../lib/process/self-command.js';
import { SENSOR_CONFIG_FIELDS } from '../../protocol/sensor-config.js';
import { command } from '../command.js';
import { oneOf } from '../options.js';

/** By shell. Where the program offers nothing, the shell completes files. */
const SCRIPTS = {
  bash: `# bash completion of wasm-sensors: source <(wasm-sensors completion bash)
_wasm_sensors() {
  local IFS=$'\\n'
  COMPREPLY=($(wasm-sensors complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
  # A value follows the = at once.
  if [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _wasm_sensors wasm-sensors
`,
  zsh: `#compdef wasm-sensors
# zsh completion of wasm-sensors: source <(wasm-sensors completion zsh), after compinit
_wasm_sensors() {
  local -a found
  found=(\${(f)"$(wasm-sensors complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  found=(\${found//$'\\t'/:})
  if (( $#found )); then _describe word found; else _files; fi
}
if [[ "\${funcstack[1]}" == _wasm_sensors ]]; then _wasm_sensors "$@"; else compdef _wasm_sensors wasm-sensors; fi
`,
  fish: `# fish completion of wasm-sensors: wasm-sensors completion fish | source
function __wasm_sensors
    set -l found (wasm-sensors complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c wasm-sensors -f -a '(__wasm_sensors)'
`,
};
const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const completion = command({
  name: 'completion <shell>',
  summary: 'print the script that completes commands and options in bash, zsh or fish',
  modes: ['text'],
  examples: [
    'source <(wasm-sensors completion bash)    # in ~/.bashrc',
    'source <(wasm-sensors completion zsh)     # in ~/.zshrc, after compinit',
    'wasm-sensors completion fish | source     # in ~/.config/fish/config.fish',
  ],
  async action({ out, args: { shell } }) {
    // It is on the PATH of those who have installed it for all folders.
    const { command: node, args } = selfCommand(['complete']);
    const asked = [node, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    out.raw(SCRIPTS[oneOf(SHELLS)(shell, 'completion')].replaceAll('wasm-sensors complete', asked));
  },
});

/** What the scripts ask. */
export const complete = command({
  name: 'complete [words...]',
  summary: 'print what may stand in place of the last word of a command',
  modes: ['text'],
  hidden: true,
  passThrough: true,
  async action({ out, args: { words }, program }) {
    const found = completions(program, words).map(([word, description]) => `${word}\t${description}\n`);
    out.raw(found.join(''));
  },
});

/** Fields that commands take as arguments. */
const ARGUMENTS: Record<string, string[]> = {
  set: SENSOR_CONFIG_FIELDS.map((field) => `${field}=`),
  unset: [...SENSOR_CONFIG_FIELDS],
};

/** What may stand in place of the last word, with what it means; nothing where that is a value of any kind. */
export function completions(program: Command, words: string[]): [word: string, description: string][] {
  const before = words.slice(0, -1);
  const command = before.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const flagsOf = ({ short, long }: (typeof options)[number]) => [short, long].filter((flag) => flag !== undefined);
  const valued = options.find(
    (option) => (option.required || option.optional) && flagsOf(option).includes(before.at(-1) ?? ''),
  );
  const commands = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  const all: [string, string][] = valued
    ? (valued.argChoices ?? []).map((choice) => [choice, ''])
    : [
        ...commands.map((one): [string, string] => [one.name(), one.description()]),
        ...(ARGUMENTS[command.name()] ?? []).map((field): [string, string] => [field, '']),
        ...options.flatMap((option) => flagsOf(option).map((flag): [string, string] => [flag, option.description])),
      ];
  return all.filter(([word]) => word.startsWith(words.at(-1) ?? ''));
}
