/** IPv4 networks in the notation `10.213.90.0/24`. */

/** Whether two networks have an address in common; what is no IPv4 network overlaps with nothing. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [parse(a), parse(b)];
  if (!one || !other) return false;
  // Of two networks that meet, one lies in the other.
  const size = 2 ** (32 - Math.min(one.bits, other.bits));
  return Math.floor(one.address / size) === Math.floor(other.address / size);
}

function parse(text: string): { address: number; bits: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, bits };
}
