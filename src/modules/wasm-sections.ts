/** The part of the WebAssembly binary format that this program reads and writes: its sections. */

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** The version of a component, which is another format with the same first bytes. */
const COMPONENT = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const CUSTOM_SECTION = 0;
const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;
const PAGE_BYTES = 64 * 1024;

/** What a module that is not ours may use of memory, on every network: Go needs some 20 MB before it does anything. */
export const USER_MODULE_MB = 128;
const MAX_PAGES = (USER_MODULE_MB * 1024 * 1024) / PAGE_BYTES;
/** Of all its tables: they take memory outside of the module's own, 16 bytes an element. Large programs have some 10,000. */
export const MAX_TABLE_ELEMENTS = 1_000_000;

export const isCoreModule = (bytes: Uint8Array): boolean => HEADER.every((byte, i) => bytes[i] === byte);
export const isComponent = (bytes: Uint8Array): boolean => COMPONENT.every((byte, i) => bytes[i] === byte);

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
  whole: Uint8Array;
  content: Uint8Array;
}

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

/** What a module has from the start, and may grow to, in pages or elements. */
interface Limits {
  /** How it begins in the file: the type of a table, nothing for a memory. */
  type: number[];
  initial: number;
  maximum: number;
}

const sumOf = (all: Limits[]): number => all.reduce((sum, { initial }) => sum + initial, 0);

/**
 * The memory and the elements of tables that a valid module has from the start; undefined where one of them is of a kind
 * that nodes do not have, such as a second memory.
 */
export function initialSizes(module: Uint8Array): { memoryBytes: number; tableElements: number } | undefined {
  const sections = [...sectionsOf(module)];
  const limitsOf = (id: number) => {
    const found = sections.find((one) => one.id === id);
    return found === undefined ? [] : readLimits(found);
  };
  const [memories, tables] = [limitsOf(MEMORY_SECTION), limitsOf(TABLE_SECTION)];
  if (memories === undefined || tables === undefined || memories.length > 1) return undefined;
  return { memoryBytes: sumOf(memories) * PAGE_BYTES, tableElements: sumOf(tables) };
}

/**
 * The module with a maximum for its memory, as nodes give it one, and for its tables. `initialSizes` knows it. `fixedPages`: its
 * memory has so many from the beginning, and no more.
 */
export function withLimits(module: Uint8Array, fixedPages?: number): Uint8Array {
  const sections = [...sectionsOf(module)].map((one) => {
    if (one.id === MEMORY_SECTION && fixedPages !== undefined)
      return section(one.id, [1, 1, ...leb128(fixedPages), ...leb128(fixedPages)]);
    if (one.id === MEMORY_SECTION) return limited(one, MAX_PAGES);
    return one.id === TABLE_SECTION ? limited(one, MAX_TABLE_ELEMENTS) : one.whole;
  });
  return Buffer.concat([module.subarray(0, HEADER.length), ...sections]);
}

/** A section of memories or tables: together they grow to no more than `most`. */
function limited(from: Section, most: number): Uint8Array {
  const all = readLimits(from) ?? [];
  const room = Math.floor((most - sumOf(all)) / all.length);
  const entries = all.flatMap(({ type, initial, maximum }) => [
    ...[...type, 1, ...leb128(initial)],
    ...leb128(Math.min(maximum, initial + room)),
  ]);
  return section(from.id, [...leb128(all.length), ...entries]);
}

const REFERENCES = [0x70, 0x6f];

/** Undefined for kinds that WebAssembly 2.0 does not have: shared or of 64 bits, or tables of other types. */
function readLimits({ id, content }: Section): Limits[] | undefined {
  const typeBytes = id === TABLE_SECTION ? 1 : 0;
  const limits: Limits[] = [];
  const count = readLeb128(content, 0);
  let at = count.next;
  for (let i = 0; i < count.value; i++) {
    const type = [...content.subarray(at, at + typeBytes)];
    const flags = content[at + typeBytes]!;
    if (flags > 1 || !type.every((one) => REFERENCES.includes(one))) return undefined;
    const initial = readLeb128(content, at + typeBytes + 1);
    const maximum = flags === 1 ? readLeb128(content, initial.next) : { ...initial, value: Number.POSITIVE_INFINITY };
    limits.push({ type, initial: initial.value, maximum: maximum.value });
    at = maximum.next;
  }
  return limits;
}
