/** The part of the WebAssembly binary format that this program reads and writes: its sections. */

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** The version of a component, which is another format with the same first bytes. */
const COMPONENT = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const CUSTOM_SECTION = 0;
const MEMORY_SECTION = 5;
const PAGE_BYTES = 64 * 1024;

/** What a module that is not ours may use of memory, on every network: Go needs some 20 MB before it does anything. */
export const USER_MODULE_MB = 128;
const MAX_PAGES = (USER_MODULE_MB * 1024 * 1024) / PAGE_BYTES;

export const isCoreModule = (bytes: Uint8Array): boolean => HEADER.every((byte, i) => bytes[i] === byte);
export const isComponent = (bytes: Uint8Array): boolean => COMPONENT.every((byte, i) => bytes[i] === byte);

/** An unsigned integer in LEB128. */
function leb128(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

function readLeb128(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, next: at };
  }
}

interface Section {
  id: number;
  /** With its header. */
  whole: Uint8Array;
  content: Uint8Array;
}

/** The sections of a valid module, in their order. */
function* sectionsOf(module: Uint8Array): Generator<Section> {
  for (let at = HEADER.length; at < module.length; ) {
    const size = readLeb128(module, at + 1);
    const end = size.next + size.value;
    yield { id: module[at]!, whole: module.subarray(at, end), content: module.subarray(size.next, end) };
    at = end;
  }
}

function section(id: number, content: number[]): Uint8Array {
  return Uint8Array.from([id, ...leb128(content.length), ...content]);
}

/** A `name` section that holds just the module's name. */
function nameSection(name: string): Uint8Array {
  const text = Buffer.from(name);
  const subsection = [...leb128(text.length), ...text];
  return section(CUSTOM_SECTION, [4, ...Buffer.from('name'), 0, ...leb128(subsection.length), ...subsection]);
}

/**
 * The module without its custom sections (debug information, tool names), and with a `name` section that holds just
 * the module's name: Bacalhau refuses a module that has none.
 */
export function withModuleName(module: Uint8Array, name: string): Uint8Array {
  const kept = [...sectionsOf(module)].filter(({ id }) => id !== CUSTOM_SECTION).map(({ whole }) => whole);
  return Buffer.concat([module.subarray(0, HEADER.length), ...kept, nameSection(name)]);
}

/** The module as it is, and a `name` section where it has none. */
export function withSomeName(module: Uint8Array, name: string): Uint8Array {
  const named = [...sectionsOf(module)].some(
    ({ id, content }) => id === CUSTOM_SECTION && Buffer.from(content.subarray(0, 5)).toString() === '\u0004name',
  );
  return named ? module : Buffer.concat([module, nameSection(name)]);
}

/** The memory that a valid module has from the start, in bytes; 0 without one. */
export function initialMemory(module: Uint8Array): number {
  const memory = [...sectionsOf(module)].find(({ id }) => id === MEMORY_SECTION);
  return memory === undefined ? 0 : limitsOf(memory.content).initial * PAGE_BYTES;
}

/** The module with a maximum for its memory, as nodes give it one. */
export function withMemoryLimit(module: Uint8Array): Uint8Array {
  const sections = [...sectionsOf(module)].map(({ id, whole, content }) => {
    if (id !== MEMORY_SECTION) return whole;
    const { initial, maximum } = limitsOf(content);
    return section(id, [1, 1, ...leb128(initial), ...leb128(Math.min(maximum, MAX_PAGES))]);
  });
  return Buffer.concat([module.subarray(0, HEADER.length), ...sections]);
}

/** In pages, from the content of the section with the one memory that a module may have. */
function limitsOf(content: Uint8Array): { initial: number; maximum: number } {
  const initial = readLeb128(content, 2);
  const hasMaximum = (content[1]! & 1) !== 0;
  return {
    initial: initial.value,
    maximum: hasMaximum ? readLeb128(content, initial.next).value : Number.POSITIVE_INFINITY,
  };
}
