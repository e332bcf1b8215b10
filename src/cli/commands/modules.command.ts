import { initSensor, LANGUAGES } from '../../modules/init-sensor.js';
import { MODULES_DIR } from '../../modules/module-files.js';
import { command } from '../command.js';
import * as option from '../options.js';
import { withCommandName } from '../output/command-name.js';
import type { Output } from '../output/output.js';

export const init = command({
  name: 'init <folder>',
  summary: 'write the folder of a sensor of your own, which you then change, build and deploy',
  settings: [],
  options: {
    lang: option
      .value('--lang <language>', 'language of the sensor', option.oneOf(LANGUAGES), 'assemblyscript')
      .choices(LANGUAGES),
  },
  examples: ['wasm-sensors init my-sensor', 'wasm-sensors init my-sensor --lang go'],
  async action({ out, options, args }) {
    const sensor = await initSensor(args.folder, options.lang);
    out.result(sensor, () =>
      withCommandName(
        [
          `${sensor.folder} holds a sensor: ${sensor.files.join(', ')}`,
          'Next:',
          ...(sensor.language === 'assemblyscript' ? [`  npm install --prefix ${sensor.folder}`] : []),
          `  wasm-sensors build wasm ${sensor.folder}`,
          `  wasm-sensors deploy publisher --module ${sensor.name}.wasm`,
        ].join('\n'),
      ),
    );
  },
});

export const buildWasmCommand = command({
  name: 'build wasm [folder]',
  summary: "compile the sensor in a folder to <folder>.wasm; without one, this product's own modules (in a checkout)",
  settings: [],
  options: {
    outDir: option.value(
      '--out <folder>',
      'folder for the .wasm files (default: this one; dist/wasm for our own modules)',
      option.text,
    ),
    force: option.flag('--force', 'build our own modules even if nothing changed'),
  },
  examples: ['wasm-sensors build wasm my-sensor'],
  async action({ out, options: { outDir, force }, args: { folder } }) {
    out.progress(folder === undefined ? 'compiling the modules' : `compiling ${folder}`);
    if (folder === undefined) {
      const { buildWasm } = await import('../../modules/build-modules.js');
      return show(out, await buildWasm({ outDir: outDir ?? MODULES_DIR, force }));
    }
    const { buildSensor } = await import('../../modules/build-sensor.js');
    const { warnings, ...built } = await buildSensor({ folder, outDir: outDir ?? '.' });
    if (warnings.length > 0) out.warn(['the compiler says:', ...warnings].join('\n'));
    show(out, [built]);
  },
});

const show = (out: Output, built: { name: string; bytes: number; path: string }[]) =>
  out.result(built, () => built.map(({ name, bytes, path }) => `${name}  ${bytes} bytes  ${path}`).join('\n'));
