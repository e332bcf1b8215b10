/** The completion script for fish. */
import { type CompletedCommand, pathsOf } from './command-tree.js';

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function fishScript(tree: CompletedCommand[]): string {
  const lines = tree.flatMap(({ path, words, options }) => {
    const here = `complete -c wasm-sensors -n ${quoted(`__wasm_sensors_at ${path === '' ? '""' : `"${path}"`}`)}`;
    return [
      ...words.map(({ name, description }) => `${here} -a ${quoted(name)} -d ${quoted(description)}`),
      ...options.map(({ long, short, description, takesValue, choices }) => {
        const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : takesValue ? ' -r -F' : '';
        const letter = short ? ` -s ${short.slice(1)}` : '';
        return `${here} -l ${long.slice(2)}${letter}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion of wasm-sensors: wasm-sensors completion fish | source
function __wasm_sensors_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        set -l next (string trim "$at $word")
        switch "$next"
            case ${pathsOf(tree).map(quoted).join(' ')}
                set at "$next"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c wasm-sensors -f
${lines.join('\n')}
`;
}
