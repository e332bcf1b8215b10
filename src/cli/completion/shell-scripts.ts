/** The completion scripts: made once from the commands, because a shell that asks the program waits for it at every Tab. */
import { type CompletedCommand, type CompletedOption, flagsOf, pathsOf } from './command-tree.js';

/** By shell. */
export const SCRIPTS: Record<string, (tree: CompletedCommand[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Matches the path of every group and command. */
const pathPattern = (tree: CompletedCommand[]): string => pathsOf(tree).map(quoted).join('|');

/** Of each option with a value: what matches `PATH:FLAG`. */
const valuePatterns = (tree: CompletedCommand[]): { pattern: string; option: CompletedOption }[] =>
  tree.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map((option) => {
        const patterns = flagsOf(option).map((flag) => quoted(`${path}:${flag}`));
        return { pattern: patterns.join('|'), option };
      }),
  );

function bashScript(tree: CompletedCommand[]): string {
  const values = valuePatterns(tree).map(({ pattern, option: { choices } }) => {
    const source = choices.length > 0 ? `-W ${quoted(choices.join(' '))}` : '-f';
    return `    ${pattern}) COMPREPLY=($(compgen ${source} -- "$current")); return ;;`;
  });
  const words = tree.map(({ path, words: own, options }) => {
    const all = [...own.map(({ name }) => name), ...options.flatMap(flagsOf)].join(' ');
    return `    ${quoted(path)}) words=${quoted(all)} ;;`;
  });
  return `# bash completion of wasm-sensors: source <(wasm-sensors completion bash)
_wasm_sensors() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" at='' words='' i next
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${at:+$at }\${COMP_WORDS[i]}"
    case "$next" in
      ${pathPattern(tree)}) at="$next" ;;
    esac
  done
  case "$at:$previous" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # A value follows the = at once.
  if [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _wasm_sensors wasm-sensors
`;
}

/** A word and what it means, as `_describe` takes them. */
const described = (word: string, description: string) => quoted(`${word.replaceAll(':', '\\:')}:${description}`);

function zshScript(tree: CompletedCommand[]): string {
  const values = valuePatterns(tree).map(({ pattern, option: { choices } }) => {
    const complete = choices.length > 0 ? `compadd -- ${choices.map(quoted).join(' ')}` : '_files';
    return `    (${pattern}) ${complete}; return ;;`;
  });
  const words = tree.map(({ path, words: own, options }) => {
    const commands = own.map(({ name, description }) => described(name, description));
    const flags = options.flatMap((option) => flagsOf(option).map((flag) => described(flag, option.description)));
    return `    (${quoted(path)})
      commands=(${commands.join(' ')})
      options=(${flags.join(' ')}) ;;`;
  });
  return `#compdef wasm-sensors
# zsh completion of wasm-sensors: source <(wasm-sensors completion zsh), after compinit
_wasm_sensors() {
  local at='' next previous="\${words[CURRENT-1]}" i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    next="\${at:+$at }\${words[i]}"
    case "$next" in
      (${pathPattern(tree)}) at="$next" ;;
    esac
  done
  case "$at:$previous" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* || \${#commands} -eq 0 ]]; then
    _describe option options
  else
    _describe command commands
  fi
}
if [[ "\${funcstack[1]}" == _wasm_sensors ]]; then _wasm_sensors "$@"; else compdef _wasm_sensors wasm-sensors; fi
`;
}

const fishQuoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fishScript(tree: CompletedCommand[]): string {
  const lines = tree.flatMap(({ path, words, options }) => {
    const here = `complete -c wasm-sensors -n ${fishQuoted(`__wasm_sensors_at ${path === '' ? '""' : `"${path}"`}`)}`;
    return [
      ...words.map(({ name, description }) => `${here} -a ${fishQuoted(name)} -d ${fishQuoted(description)}`),
      ...options.map(({ long, short, description, takesValue, choices }) => {
        const value = choices.length > 0 ? ` -x -a ${fishQuoted(choices.join(' '))}` : takesValue ? ' -r -F' : '';
        const letter = short ? ` -s ${short.slice(1)}` : '';
        return `${here} -l ${long.slice(2)}${letter}${value} -d ${fishQuoted(description)}`;
      }),
    ];
  });
  return `# fish completion of wasm-sensors: wasm-sensors completion fish | source
function __wasm_sensors_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        set -l next (string trim "$at $word")
        switch "$next"
            case ${pathsOf(tree).map(fishQuoted).join(' ')}
                set at "$next"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c wasm-sensors -f
${lines.join('\n')}
`;
}
