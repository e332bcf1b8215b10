import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot, packageVersion, selfCommand } from './self-command.js';

test('this program is found, with its version, and started with Node’s options before its own', () => {
  expect(existsSync(join(packageRoot, 'package.json'))).toBe(true);
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
  const program = join(packageRoot, 'bin/wasm-sensors.js');
  expect(selfCommand(['up', '--nodes', '2'], ['--expose-gc'])).toEqual({
    command: process.execPath,
    args: ['--expose-gc', program, 'up', '--nodes', '2'],
  });
  expect(selfCommand([]).args).toEqual([program]);
});
