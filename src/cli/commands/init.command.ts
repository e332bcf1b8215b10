import { Option } from 'commander';
import { initSensor } from '../../modules/init-sensor.js';
import { LANGUAGES, type Language } from '../../modules/sensor-language.js';
import type { CommandSpec } from '../command.js';
import { withCommandName } from '../output/command-name.js';

export const init: CommandSpec = {
  name: 'init <folder>',
  summary: 'write the folder of a sensor of your own, which you then change, build and deploy',
  modes: ['text', 'json'],
  options: [new Option('--lang <language>', 'language of the sensor').choices(LANGUAGES).default('assemblyscript')],
  examples: ['wasm-sensors init my-sensor', 'wasm-sensors init my-sensor --lang go'],
  async action({ out, options, args }) {
    const sensor = await initSensor(args[0]!, options.lang as Language);
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
    return 0;
  },
};
