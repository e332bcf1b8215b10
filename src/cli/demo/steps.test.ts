import { expect, test } from 'vitest';
import { loadCommands } from '../commands/command-table.js';
import { commandLines } from '../output/demo-text.js';
import { createProgram } from '../program.js';
import { STATE_DIR } from './demo-run.js';
import { demoSteps } from './steps.js';

const steps = [...demoSteps('embedded', 100, false), ...demoSteps('embedded', 100, true)];

test('every command that the demo shows is one of this program, with its options', async () => {
  const program = createProgram(await loadCommands([]));
  for (const { words } of steps) {
    const typed = [...words, STATE_DIR].join(' ').split(' ');
    let command = program;
    for (const word of typed) command = command.commands.find((one) => one.name() === word) ?? command;
    expect(command, words[0]).not.toBe(program);
    const flags = typed.filter((word) => word.startsWith('--'));
    expect(
      flags.filter((flag) => !command.options.some(({ long }) => long === flag)),
      words[0],
    ).toEqual([]);
  }
});

test('what the demo shows fits 80 columns', () => {
  for (const { words } of steps) {
    const lines = commandLines([...words, STATE_DIR], 'npx wasm-sensors');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(78);
  }
});
