// Removes the compiled CLI before a build, so that a deleted source file leaves nothing behind; dist/wasm is kept.
import { readdirSync, rmSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);
let entries = [];
try {
  entries = readdirSync(dist);
} catch {
  // First build: there is nothing to remove.
}
for (const entry of entries) if (entry !== 'wasm') rmSync(new URL(entry, dist), { recursive: true });
