import { resolve } from 'node:path';
import { sensorTokenFor } from '../../../runtime/sensor-key.js';
import type { CommandSpec } from '../../command.js';

export const sensorTokenCommand: CommandSpec = {
  name: 'sensors token <host>',
  summary: 'print the sensor token of one node, for its environment (SENSOR_TOKEN)',
  modes: ['text', 'json'],
  settings: ['stateDir', 'sensorKey'],
  examples: ['SENSOR_TOKEN=$(wasm-sensors sensors token edge-us-1) bacalhau serve …'],
  async action({ out, settings, args }) {
    const host = args[0]!;
    const token = sensorTokenFor(host, resolve(settings.stateDir), settings.sensorKey);
    out.result({ host, token }, () => token);
    return 0;
  },
};
