/** The completion script for bash. */
import { type CompletedCommand, flagsOf } from './command-tree.js';
import { pathPattern, quoted, valuePatterns } from './posix-shell.js';

export function bashScript(tree: CompletedCommand[]): string {
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
