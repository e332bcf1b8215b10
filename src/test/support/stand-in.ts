/** Programs that stand in for `docker` on the PATH, for what no engine here would say. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { AppError } from '../../lib/errors/app-error.js';

export interface StandIns {
  /** The only folder on the PATH during a test. */
  readonly folder: string;
  /** Puts a program there; `script` is its shell script, `$*` its arguments. */
  add(name: string, script: string): void;
  /** The PATH as it is outside. */
  restorePath(): void;
}

/** For every test of the file. */
export function standIns(): StandIns {
  const path = process.env.PATH;
  const state = { folder: '' };
  beforeEach(() => {
    state.folder = mkdtempSync(join(tmpdir(), 'docker-stand-in-'));
    process.env.PATH = state.folder;
  });
  const restorePath = () => {
    process.env.PATH = path;
  };
  afterEach(() => {
    restorePath();
    rmSync(state.folder, { recursive: true });
  });
  return {
    get folder() {
      return state.folder;
    },
    add: (name, script) => writeFileSync(join(state.folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
    restorePath,
  };
}

/** What a promise rejects with; fails when it does not. */
export const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error: AppError) => error,
  );
