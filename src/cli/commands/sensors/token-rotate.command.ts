import { resolve } from 'node:path';
import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { rotateSensorKey } from '../../../runtime/sensor-key.js';
import type { CommandSpec } from '../../command.js';
import { integerOption } from '../../command-options.js';
import { rotatedText } from '../../output/sensors-text.js';

const HOUR_MS = 3_600_000;

export const tokenRotate: CommandSpec = {
  name: 'token rotate',
  summary: 'make a new key for the sensor tokens of nodes; tokens of the old one stay valid for a while',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [new Option('--overlap <hours>', 'how long tokens of the old key stay valid').default('24')],
  async action({ out, settings, provenance, options }) {
    if (settings.sensorKey !== undefined) {
      throw new AppError(
        'NOT_OFFERED',
        `the sensor key comes from ${provenance.sensorKey.name}, not from the state folder`,
        {
          hint: 'Put a new key in front of the old one there: NEW,OLD@2026-01-31T12:00:00Z.',
        },
      );
    }
    const now = Date.now();
    const until = now + integerOption(options.overlap, '--overlap', 0)! * HOUR_MS;
    rotateSensorKey(resolve(settings.stateDir), { now, until });
    out.result({ until: new Date(until).toISOString() }, () => rotatedText(until));
    return 0;
  },
};
