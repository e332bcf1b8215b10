/** The completion script for zsh. */
import { type CompletedCommand, flagsOf } from './command-tree.js';
import { pathPattern, quoted, valuePatterns } from './posix-shell.js';

/** A word and what it means, as `_describe` takes them. */
const described = (word: string, description: string) => quoted(`${word.replaceAll(':', '\\:')}:${description}`);

export function zshScript(tree: CompletedCommand[]): string {
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
