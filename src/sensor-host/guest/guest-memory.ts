import { ERRNO, WasiError } from './wasi-error.js';

/** Views of one guest's memory; replaced when the guest has grown it, which empties the former ones. */
export class GuestMemory {
  #bytes = new Uint8Array();
  #view = new DataView(this.#bytes.buffer);

  constructor(private readonly memory: WebAssembly.Memory) {}

  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#look();
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#look();
    return this.#view;
  }

  #look(): void {
    // Asking for it costs more than all else here.
    const { buffer } = this.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  get size(): number {
    return this.bytes.length;
  }

  /** A copy; undefined when the range is not inside the memory. */
  copy(at: number, length: number): Buffer | undefined {
    return this.holds(at, length) ? Buffer.from(this.bytes.subarray(at, at + length)) : undefined;
  }

  text(at: number, length: number): string | undefined {
    return this.copy(at, length)?.toString();
  }

  /** Whether the range lies inside the memory; both numbers are unsigned. */
  holds(at: number, length: number): boolean {
    return at + length <= this.size;
  }

  /** Throws the errno `fault` where the range does not lie inside the memory. */
  need(at: number, length: number): void {
    if (!this.holds(at, length)) throw new WasiError(ERRNO.fault);
  }
}
