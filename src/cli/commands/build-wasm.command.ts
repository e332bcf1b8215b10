import { Option } from 'commander';
import { MODULES_DIR } from '../../modules/module-files.js';
import type { CommandSpec } from '../command.js';
import { table } from '../output/terminal-text.js';

export const buildWasmCommand: CommandSpec = {
  name: 'build wasm',
  summary: 'compile the AssemblyScript modules (in a checkout; installed packages have them built)',
  modes: ['text', 'json'],
  options: [
    new Option('--out <folder>', 'folder for the .wasm files').default(MODULES_DIR, 'dist/wasm'),
    new Option('--force', 'build even if nothing changed'),
  ],
  async action({ out, options }) {
    const { buildWasm } = await import('../../modules/build-modules.js');
    out.progress('compiling the modules');
    const modules = await buildWasm({ outDir: String(options.out), force: options.force === true });
    out.result(modules, () => table(modules.map(({ name, bytes, path }) => [name, `${bytes} bytes`, path])));
    return 0;
  },
};
