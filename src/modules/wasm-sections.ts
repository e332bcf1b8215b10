/** The part of the WebAssembly binary format that a build needs: custom sections. */

const HEADER_BYTES = 8;
const CUSTOM_SECTION = 0;

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

/**
 * The module without its custom sections (debug information, tool names), and with a `name` section that holds just
 * the module's name: Bacalhau refuses a module that has none.
 */
export function withModuleName(module: Uint8Array, name: string): Uint8Array {
  const parts: Uint8Array[] = [module.subarray(0, HEADER_BYTES)];
  for (let at = HEADER_BYTES; at < module.length; ) {
    const size = readLeb128(module, at + 1);
    const end = size.next + size.value;
    if (module[at] !== CUSTOM_SECTION) parts.push(module.subarray(at, end));
    at = end;
  }
  const text = Buffer.from(name);
  const subsection = [...leb128(text.length), ...text];
  const content = [4, ...Buffer.from('name'), 0, ...leb128(subsection.length), ...subsection];
  parts.push(Uint8Array.from([CUSTOM_SECTION, ...leb128(content.length), ...content]));
  return Buffer.concat(parts);
}
