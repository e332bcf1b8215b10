import { Option } from 'commander';
import { MODULES_DIR } from '../../modules/module-files.js';
import type { CommandSpec } from '../command.js';

export const buildWasmCommand: CommandSpec = {
  name: 'build wasm [folder]',
  summary: "compile the sensor in a folder to <folder>.wasm; without one, this product's own modules (in a checkout)",
  modes: ['text', 'json'],
  options: [
    new Option('--out <folder>', 'folder for the .wasm files (default: this one; dist/wasm for our own modules)'),
    new Option('--force', 'build our own modules even if nothing changed'),
  ],
  examples: ['wasm-sensors build wasm my-sensor'],
  async action({ out, options, args }) {
    const [folder] = args;
    out.progress(folder === undefined ? 'compiling the modules' : `compiling ${folder}`);
    const modules =
      folder === undefined
        ? await buildOwn(String(options.out ?? MODULES_DIR), options.force === true)
        : [await buildFolder(folder, String(options.out ?? '.'))];
    out.result(modules, () => modules.map(({ name, bytes, path }) => `${name}  ${bytes} bytes  ${path}`).join('\n'));
    return 0;
  },
};

async function buildOwn(outDir: string, force: boolean) {
  const { buildWasm } = await import('../../modules/build-modules.js');
  return buildWasm({ outDir, force });
}

async function buildFolder(folder: string, outDir: string) {
  const { buildSensor } = await import('../../modules/build-sensor.js');
  return buildSensor({ folder, outDir });
}
