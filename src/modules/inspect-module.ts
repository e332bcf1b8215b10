/**
 * Looks at a module before it is deployed: whether it is one, whether it can run on a node, and what it may use. What runs
 * where it should not is refused here with the reason, because a node says only that it failed to load.
 */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { HTTP_FUNCTION, HTTP_MODULE, WASI_FUNCTIONS, WASI_MODULE } from './wasi-functions.js';
import { initialSizes, isComponent, isCoreModule, MAX_TABLE_ELEMENTS, USER_MODULE_MB } from './wasm-sections.js';

export interface ModuleFacts {
  /** Functions of WASI preview 1 that it imports, sorted. */
  wasi: string[];
  /** Whether it imports `http_request`. */
  http: boolean;
  /** Whether it has our Asyncify: thousands of it share one thread. */
  suspendable: boolean;
}

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
export async function inspectModule(name: string, bytes: Uint8Array): Promise<ModuleFacts> {
  const compiled = await compile(name, bytes);
  const imports = WebAssembly.Module.imports(compiled);
  const absent = imports.filter((one) => !isOffered(one)).map((one) => `${one.module} ${one.name} (${one.kind})`);
  if (absent.length > 0) {
    throw new AppError('MODULE_REFUSED', `${name} imports what nodes do not have: ${absent.slice(0, 3).join(', ')}`, {
      hint: `A module may import the functions of ${WASI_MODULE}, and ${HTTP_FUNCTION} of ${HTTP_MODULE}. Build it for wasm32-wasip1 (WASI preview 1).`,
      details: absent.slice(3),
    });
  }
  const exported = new Map(WebAssembly.Module.exports(compiled).map((one) => [one.name, one.kind]));
  requireExport(name, exported, '_start', 'function', 'Build a program (a command), not a library: nodes call _start.');
  requireExport(
    name,
    exported,
    'memory',
    'memory',
    'Programs for WASI export their memory; nodes read and write there.',
  );
  const sizes = initialSizes(bytes);
  if (sizes === undefined || sizes.tableElements > MAX_TABLE_ELEMENTS) {
    throw new AppError('MODULE_REFUSED', `${name} has memories or tables that nodes do not have`, {
      hint: `Nodes have WebAssembly 2.0: one memory, and tables of at most ${MAX_TABLE_ELEMENTS} elements in all.`,
    });
  }
  const megabytes = sizes.memoryBytes / 1024 / 1024;
  if (megabytes > USER_MODULE_MB) {
    throw new AppError('MODULE_REFUSED', `${name} needs ${Math.ceil(megabytes)} MB of memory from the start`, {
      hint: `A module may use ${USER_MODULE_MB} MB. Link it with a smaller initial memory or stack.`,
    });
  }
  return {
    wasi: imports.flatMap((one) => (one.module === WASI_MODULE ? [one.name] : [])).sort(),
    http: imports.some((one) => one.module === HTTP_MODULE),
    suspendable: ASYNCIFY_EXPORTS.every((one) => exported.has(one)),
  };
}

async function compile(name: string, bytes: Uint8Array): Promise<WebAssembly.Module> {
  if (isComponent(bytes)) {
    throw new AppError('MODULE_REFUSED', `${name} is a WebAssembly component (WASI preview 2); nodes run modules`, {
      hint: 'Build it for wasm32-wasip1 (WASI preview 1).',
    });
  }
  if (!isCoreModule(bytes)) {
    throw new AppError('MODULE_INVALID', `${name} is not WebAssembly`, {
      hint: 'Name the .wasm file that the compiler wrote. A text file (.wat) must be assembled first.',
    });
  }
  return WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw new AppError('MODULE_INVALID', `${name} is not a valid WebAssembly module: ${messageOf(cause)}`, {
      cause,
      hint: 'Is the file complete? Nodes have the features of WebAssembly 2.0: no threads, no exceptions, no tail calls.',
    });
  });
}

const isOffered = ({ module, name, kind }: { module: string; name: string; kind: string }): boolean =>
  kind === 'function' &&
  (module === WASI_MODULE ? WASI_FUNCTIONS.includes(name) : module === HTTP_MODULE && name === HTTP_FUNCTION);

function requireExport(module: string, exported: Map<string, string>, name: string, kind: string, hint: string): void {
  if (exported.get(name) === kind) return;
  throw new AppError('MODULE_REFUSED', `${module} exports no ${kind} ${name}`, { hint });
}
