/** What logs say of programs that ended by themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CRASH = / ERROR failed: .*/g;

/** Errors that no handler of a program expected: they end it, which its supervisor hides. `folder`: of the logs. */
export function crashesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => (readFileSync(join(folder, name), 'utf8').match(CRASH) ?? []).map((line) => `${name}:${line}`));
}
