// Copies what the compiler leaves alone next to the compiled files that read it.
import { cpSync } from 'node:fs';

const [from, to] = ['../src/web/page', '../dist/web/page'].map((path) => new URL(path, import.meta.url));
cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('tsconfig.json') });
