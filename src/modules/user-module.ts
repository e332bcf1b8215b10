/**
 * A module file of the user, as jobs carry it, checked before it is deployed: whether it is one, whether it can run on a node,
 * and what it may use. What runs where it should not is refused here with the reason, because a node says only that it failed
 * to load.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { sha256Of } from './module-store.js';
import { HTTP_FUNCTION, HTTP_MODULE, WASI_FUNCTIONS, WASI_MODULE } from './wasi-functions.js';
import {
  initialSizes,
  isComponent,
  isCoreModule,
  MAX_TABLE_ELEMENTS,
  USER_MODULE_MB,
  withSomeName,
} from './wasm-sections.js';

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
  return { bytes, sha256: sha256Of(bytes), facts };
}

async function readBounded(path: string, name: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_MODULE_BYTES) return await readFile(path);
    const message = `${name} has ${megabytes(size)} MB; the limit is ${megabytes(MAX_MODULE_BYTES)} MB`;
    throw new AppError('MODULE_TOO_LARGE', message, {
      hint: 'Build it without debug information (Go: -ldflags "-s -w"; C and Rust: optimize for size and strip).',
    });
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('MODULE_UNREADABLE', `can't read the module ${path}: ${messageOf(cause)}`, {
      cause,
      hint: 'Name a .wasm file that this user can read. `wasm-sensors build wasm FOLDER` makes one.',
    });
  }
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '');

export type ModuleFacts = Awaited<ReturnType<typeof inspectModule>>;

/** What wasm/lib/suspend.ts and Binaryen's Asyncify export. TinyGo has an Asyncify of its own, without a buffer for hosts. */
export const ASYNCIFY_EXPORTS = [
  'asyncify_start_unwind',
  'asyncify_stop_unwind',
  'asyncify_start_rewind',
  'asyncify_stop_rewind',
  'asyncify_buffer_start',
  'asyncify_buffer_end',
];

/**
 * `name` is for messages. Rejects with `MODULE_INVALID` for what is no core module, and with `MODULE_REFUSED` for one that
 * no node can run.
 */
async function inspectModule(name: string, bytes: Uint8Array) {
  const refuse = (problem: string, hint: string, details: string[] = []): never => {
    throw new AppError('MODULE_REFUSED', `${name} ${problem}`, { hint, details });
  };
  if (isComponent(bytes)) {
    refuse(
      'is a WebAssembly component (WASI preview 2); nodes run modules',
      'Build it for wasm32-wasip1 (WASI preview 1).',
    );
  }
  const compiled = await compile(name, bytes);
  const imports = WebAssembly.Module.imports(compiled);
  const absent = imports.filter((one) => !isOffered(one)).map((one) => `${one.module} ${one.name} (${one.kind})`);
  if (absent.length > 0) {
    const hint = `A module may import the functions of ${WASI_MODULE}, and ${HTTP_FUNCTION} of ${HTTP_MODULE}. Build it for wasm32-wasip1 (WASI preview 1).`;
    refuse(`imports what nodes do not have: ${absent.slice(0, 3).join(', ')}`, hint, absent.slice(3));
  }
  const exported = new Map(WebAssembly.Module.exports(compiled).map((one) => [one.name, one.kind]));
  if (exported.get('_start') !== 'function') {
    refuse('exports no function _start', 'Build a program (a command), not a library: nodes call _start.');
  }
  if (exported.get('memory') !== 'memory') {
    refuse('exports no memory memory', 'Programs for WASI export their memory; nodes read and write there.');
  }
  const sizes = initialSizes(bytes);
  if (sizes === undefined || sizes.tableElements > MAX_TABLE_ELEMENTS) {
    const hint = `Nodes have WebAssembly 2.0: one memory, and tables of at most ${MAX_TABLE_ELEMENTS} elements in all.`;
    return refuse('has memories or tables that nodes do not have', hint);
  }
  const needed = sizes.memoryBytes / 1024 / 1024;
  if (needed > USER_MODULE_MB) {
    const hint = `A module may use ${USER_MODULE_MB} MB. Link it with a smaller initial memory or stack.`;
    refuse(`needs ${Math.ceil(needed)} MB of memory from the start`, hint);
  }
  return {
    /** Functions of WASI preview 1 that it imports, sorted. */
    wasi: imports.flatMap((one) => (one.module === WASI_MODULE ? [one.name] : [])).sort(),
    /** Whether it imports `http_request`. */
    http: imports.some((one) => one.module === HTTP_MODULE),
    /** Whether it has our Asyncify: thousands of it share one thread. */
    suspendable: ASYNCIFY_EXPORTS.every((one) => exported.has(one)),
  };
}

async function compile(name: string, bytes: Uint8Array): Promise<WebAssembly.Module> {
  if (!isCoreModule(bytes)) {
    throw new AppError('MODULE_INVALID', `${name} is not WebAssembly`, {
      hint: 'Name the .wasm file that the compiler wrote. A text file (.wat) must be assembled first.',
    });
  }
  return WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw new AppError('MODULE_INVALID', `${name} is not a valid WebAssembly module: ${messageOf(cause)}`, {
      hint: 'Is the file complete? Nodes have the features of WebAssembly 2.0: no threads, no exceptions, no tail calls.',
      cause,
    });
  });
}

const isOffered = ({ module, name, kind }: { module: string; name: string; kind: string }): boolean =>
  kind === 'function' &&
  (module === WASI_MODULE ? WASI_FUNCTIONS.includes(name) : module === HTTP_MODULE && name === HTTP_FUNCTION);
