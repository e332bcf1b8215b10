/** A module file of the user, as jobs carry it. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { inspectModule, type ModuleFacts } from './inspect-module.js';
import { withSomeName } from './wasm-sections.js';

/** Larger than what Go makes of a large program, and small enough for the memory of a node that compiles it. */
export const MAX_MODULE_BYTES = 32 * 1024 * 1024;

export interface UserModule {
  /** The file, with a `name` section where it had none. */
  bytes: Uint8Array;
  /** Of these bytes, in hex. */
  sha256: string;
  facts: ModuleFacts;
}

/** Rejects with `MODULE_UNREADABLE`, `MODULE_TOO_LARGE`, and as `inspectModule` does. */
export async function readUserModule(path: string): Promise<UserModule> {
  const name = basename(path);
  const file = await readBounded(path, name);
  const facts = await inspectModule(name, file);
  const bytes = withSomeName(file, name.replace(/\.wasm$/, ''));
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), facts };
}

async function readBounded(path: string, name: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_MODULE_BYTES) return await readFile(path);
    throw new AppError(
      'MODULE_TOO_LARGE',
      `${name} has ${megabytes(size)} MB; the limit is ${megabytes(MAX_MODULE_BYTES)} MB`,
      {
        hint: 'Build it without debug information (Go: -ldflags "-s -w"; C and Rust: optimize for size and strip).',
      },
    );
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('MODULE_UNREADABLE', `can't read the module ${path}: ${messageOf(cause)}`, { cause });
  }
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '');
