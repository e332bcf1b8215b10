/** A file of TypeScript as a process or a browser runs it. */
import { readFileSync } from 'node:fs';
import { transformSync } from 'rolldown/utils';

export function translated(path: string): string {
  const { code, errors } = transformSync(path, readFileSync(path, 'utf8'), {
    typescript: { onlyRemoveTypeImports: true },
  });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return code;
}
