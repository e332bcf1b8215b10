import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quarantine } from './durable-files.js';

test('a damaged file is kept beside under another name, the newest one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quarantine-'));
  try {
    for (const text of ['first', 'second']) {
      writeFileSync(join(folder, 'run.json'), text);
      expect(quarantine(join(folder, 'run.json'))).toBe(join(folder, 'run.json.damaged'));
    }
    expect(readdirSync(folder)).toEqual(['run.json.damaged']);
    expect(readFileSync(join(folder, 'run.json.damaged'), 'utf8')).toBe('second');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
