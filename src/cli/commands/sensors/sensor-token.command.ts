import { resolve } from 'node:path';
import { parseSensorKeys, sensorTokenOf } from '../../../protocol/sensor-token.js';
import { keepSensorKeys } from '../../../runtime/sensor-key.js';
import type { CommandSpec } from '../../command.js';

export const sensorTokenCommand: CommandSpec = {
  name: 'sensors token <host>',
  summary: 'print the sensor token of one node, for its environment (SENSOR_TOKEN)',
  modes: ['text', 'json'],
  settings: ['stateDir', 'sensorKey'],
  examples: ['SENSOR_TOKEN=$(wasm-sensors sensors token edge-us-1) bacalhau serve …'],
  async action({ out, settings, args }) {
    const host = args[0]!;
    const [current] = parseSensorKeys(settings.sensorKey ?? keepSensorKeys(resolve(settings.stateDir)))!;
    const token = sensorTokenOf(current!.key, host);
    out.result({ host, token }, () => token);
    return 0;
  },
};
