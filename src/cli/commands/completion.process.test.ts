/** The completion scripts in real shells. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageRoot } from '../../lib/process/self-command.js';

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
const program = join(packageRoot, 'bin', 'wasm-sensors.js');
symlinkSync(program, join(folder, 'wasm-sensors'));
const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
for (const shell of ['bash', 'zsh', 'fish']) {
  const { stdout } = spawnSync(process.execPath, [program, 'completion', shell], { encoding: 'utf8' });
  writeFileSync(join(folder, shell), stdout);
}
writeFileSync(join(folder, 'sensor.yaml'), '');

const SHELLS: Record<string, { args: string[]; complete(words: string[]): string }> = {
  bash: {
    args: ['--norc', '-c'],
    complete: (words) => `source ./bash; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
      COMP_CWORD=${words.length - 1}; _wasm_sensors
      # What readline completes where a function offers nothing.
      [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=(*)
      printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  // Without a terminal nothing completes: what the script hands to zsh's own functions is printed.
  zsh: {
    args: ['-f', '-c'],
    complete: (words) => `compdef() {}; _files() { print -l -- *(N) }; compadd() { shift; print -l -- $@ }
      _describe() { local -a all; all=(\${(P)2}); print -l -- \${all%%:*} }
      source ./zsh; words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _wasm_sensors`,
  },
  fish: {
    args: ['--no-config', '-c'],
    complete: (words) => `source ./fish; complete -C '${words.join(' ')}'`,
  },
};

/** What a shell offers, which may include more than what begins with the last word. */
function offers(shell: string, words: string[]): string[] {
  const { args, complete } = SHELLS[shell]!;
  const { stdout, stderr } = spawnSync(shell, [...args, complete(['wasm-sensors', ...words])], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const last = words.at(-1)!;
  return stdout
    .split('\n')
    .map((line) => line.split('\t')[0]!)
    .filter((word) => word !== '' && word.startsWith(last));
}

const missing = (shell: string) => spawnSync(shell, ['--version']).status !== 0;

for (const shell of Object.keys(SHELLS)) {
  test.for<[string[], string[]]>([
    [['dep'], ['deploy']],
    [
      ['deploy', 'p'],
      ['proxy', 'publisher', 'puller'],
    ],
    [['deploy', 'publisher', '--col'], ['--color']],
    [
      ['status', '--output', ''],
      ['json', 'ndjson', 'text'],
    ],
    [['config', 'set', 'col'], ['color=']],
    [['deploy', 'publisher', '--region', 'eu', '--max'], ['--max-messages']],
    [['deploy', 'publisher', '--config-file', 'sen'], ['sensor.yaml']],
    [['nonsense', 'sta'], ['status']],
  ])(`${shell} completes %j`, ([words, expected], context) => {
    if (missing(shell)) context.skip(`no ${shell} here`);
    expect(offers(shell, words).sort()).toEqual(expected);
  });
}
