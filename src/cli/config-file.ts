/** What commands say about the YAML file of a region's sensors. */
import type { FileRead } from '../network/file-read.js';

/** What was seen, with what a stronger source hides: a file that was read need not show. */
export function fileReadText(file: string, region: string, { sensors, read, hidden }: FileRead): string {
  if (sensors === 0) return `${file} was changed; no sensor of ${region} sends now`;
  const done = `${read}/${sensors} sensors of ${region} do what ${file} says`;
  if (hidden.length === 0) return done;
  return `${done}, but the fleet configuration is stronger for ${hidden.join(', ')}: see \`wasm-sensors config show\``;
}
