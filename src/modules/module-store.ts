/** Modules of the user, kept by the hash of their content: `modules/<sha256>.wasm`. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { writeFileAtomic } from '../lib/fs/durable-files.js';

/** What all of them may take of the disk; the largest ones fit in eight times. */
const MAX_STORE_BYTES = 256 * 1024 * 1024;

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

export class ModuleStore {
  constructor(
    private readonly folder: string,
    private readonly maxBytes = MAX_STORE_BYTES,
  ) {}

  /** Path of a kept module, which counts as used now; undefined when it is not here. */
  find(sha256: string): string | undefined {
    const path = this.#pathOf(sha256);
    try {
      const now = new Date();
      utimesSync(path, now, now);
      return path;
    } catch {
      return undefined;
    }
  }

  /** The same for a module that has the content of its name. Throws `MODULE_UNREADABLE`. */
  findIntact(sha256: string): string | undefined {
    const path = this.find(sha256);
    if (path === undefined || sha256Of(readFileSync(path)) === sha256) return path;
    throw new AppError('MODULE_UNREADABLE', `${path} is damaged: it does not have the SHA-256 of its name`, {
      hint: 'Remove it, and deploy the module again.',
    });
  }

  /** Keeps a module; those that were not used for the longest time give way. */
  put(sha256: string, bytes: Uint8Array): void {
    if (this.find(sha256) !== undefined) return;
    writeFileAtomic(this.#pathOf(sha256), bytes, 0o644);
    this.#prune();
  }

  #pathOf(sha256: string): string {
    return join(this.folder, `${sha256}.wasm`);
  }

  #prune(): void {
    const files = readdirSync(this.folder)
      .filter((name) => name.endsWith('.wasm'))
      .map((name) => ({ path: join(this.folder, name), ...statSync(join(this.folder, name)) }))
      .sort((a, b) => b.mtimeMs - a.mtimeMs);
    let bytes = 0;
    for (const [i, file] of files.entries()) {
      bytes += file.size;
      if (i > 0 && bytes > this.maxBytes) rmSync(file.path, { force: true });
    }
  }
}
