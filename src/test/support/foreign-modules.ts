/** For tests: modules that know nothing of this program, built from `src/test/fixtures` where the compilers are. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../lib/process/self-command.js';

const FIXTURES = join(packageRoot, 'src/test/fixtures');

/** Go without debug information: such a module has no name section, which Bacalhau wants. */
const BUILDS: Record<'go' | 'c', (out: string) => [program: string, args: string[], env: Record<string, string>]> = {
  go: (out) => ['go', ['build', '-ldflags', '-s -w', '-o', out, '.'], { GOOS: 'wasip1', GOARCH: 'wasm' }],
  c: (out) => ['clang', ['--target=wasm32-wasi', '-O2', '-o', out, 'main.c'], {}],
};

/** Path of the module; it sends a reading a second in its colour. */
export function foreignModule(language: 'go' | 'c'): string {
  const folder = join(packageRoot, 'node_modules/.cache/wasm-sensors/foreign');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `plain-${language}.wasm`);
  // Several test files build it at the same time.
  const own = `${path}.${process.pid}`;
  const [program, args, env] = BUILDS[language](own);
  execFileSync(program, args, {
    cwd: join(FIXTURES, `${language}-module`),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(own, path);
  return path;
}

export const FOREIGN_COLORS = { go: '#00add8', c: '#5c6bc0' };

/** The original's publisher (1,075,651 bytes, TinyGo), where the environment names its file. */
export const ORIGINAL_PUBLISHER = process.env.WASM_SENSORS_ORIGINAL_PUBLISHER;
