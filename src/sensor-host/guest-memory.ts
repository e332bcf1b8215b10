/** Views of one guest's memory; made anew when the guest has grown it. */
export class GuestMemory {
  private buffer: ArrayBuffer;
  private bytesView: Uint8Array;
  private dataView: DataView;

  constructor(private readonly memory: WebAssembly.Memory) {
    this.buffer = memory.buffer;
    this.bytesView = new Uint8Array(this.buffer);
    this.dataView = new DataView(this.buffer);
  }

  get bytes(): Uint8Array {
    this.refresh();
    return this.bytesView;
  }

  get view(): DataView {
    this.refresh();
    return this.dataView;
  }

  /** Size in bytes. */
  get size(): number {
    return this.bytes.length;
  }

  /** A copy; undefined when the range is not inside the memory. */
  copy(at: number, length: number): Buffer | undefined {
    return this.holds(at, length) ? Buffer.from(this.bytes.subarray(at, at + length)) : undefined;
  }

  /** A copy as text, UTF-8. */
  text(at: number, length: number): string | undefined {
    return this.copy(at, length)?.toString();
  }

  /** Whether the range lies inside the memory. */
  holds(at: number, length: number): boolean {
    return at + length <= this.size;
  }

  private refresh(): void {
    if (this.buffer === this.memory.buffer) return;
    this.buffer = this.memory.buffer;
    this.bytesView = new Uint8Array(this.buffer);
    this.dataView = new DataView(this.buffer);
  }
}
