// Copies what the compiler leaves alone next to the compiled files that read it.
import { cpSync } from 'node:fs';

cpSync(new URL('../src/web/page', import.meta.url), new URL('../dist/web/page', import.meta.url), { recursive: true });
