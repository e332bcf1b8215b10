/** Tells guests when a file that is mounted into them has changed, so that thousands need not look at it every second. */
import { statSync } from 'node:fs';
import type { Mount } from '../host-schemas.js';
import type { HostClock } from './host-clock.js';

const EVERY_MS = 200;
/** Guests that are told within a millisecond: others go on meanwhile. */
const TOLD_PER_MS = 20;
const MAX_FILES = 100;

export interface Follower {
  fileChanged(): void;
}

export class FileWatch {
  /** By path. */
  readonly #files = new Map<string, { seen: string; followers: Set<Follower> }>();
  #isClosed = false;
  #isOn = false;

  constructor(private readonly clock: HostClock) {}

  /** False: it has to look itself, because one of these is a folder, or there are too many. */
  add(follower: Follower, mounts: Mount[]): boolean {
    const sources = mounts.map(({ source }) => source);
    if (this.#files.size + sources.length > MAX_FILES || sources.some(isFolder)) return false;
    for (const source of sources) {
      const file = this.#files.get(source) ?? { seen: stateOf(source), followers: new Set() };
      this.#files.set(source, file);
      file.followers.add(follower);
    }
    if (!this.#isOn) this.#look();
    return true;
  }

  remove(follower: Follower): void {
    for (const [source, { followers }] of this.#files) {
      followers.delete(follower);
      if (followers.size === 0) this.#files.delete(source);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  #look(): void {
    this.#isOn = this.#files.size > 0 && !this.#isClosed;
    if (!this.#isOn) return;
    for (const [source, file] of this.#files) {
      const state = stateOf(source);
      if (state === file.seen) continue;
      file.seen = state;
      for (const [i, follower] of [...file.followers].entries())
        this.clock.after(Math.floor(i / TOLD_PER_MS), () => follower.fileChanged());
    }
    this.clock.after(EVERY_MS, () => this.#look());
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** What `fingerprint` of wasm/lib/files.ts sees of a file; '' for one that can't be read. */
function stateOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [ino, size, mtimeMs, ctimeMs].join();
  } catch {
    return '';
  }
}
