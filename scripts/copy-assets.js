// Copies what the compiler leaves alone next to the compiled files that read it.
import { copyFileSync } from 'node:fs';

copyFileSync(new URL('../src/web/page.html', import.meta.url), new URL('../dist/web/page.html', import.meta.url));
