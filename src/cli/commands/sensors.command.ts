import { resolve } from 'node:path';
import { AppError } from '../../lib/errors/app-error.js';
import { isUnknownHost } from '../../operations/config/require-known.js';
import { revokeSensor } from '../../operations/revoke-sensor.js';
import { currentKey, relayTokenOf, sensorTokenOf } from '../../protocol/sensor-token.js';
import { keepSensorKeys, readSensorKeys, rotateSensorKey } from '../../runtime/sensor-key.js';
import { command } from '../command.js';
import * as option from '../options.js';
import { openConfigTarget, openProxies } from '../targets.js';

export const sensorToken = command({
  name: 'sensors token [host]',
  summary: 'print the sensor token of one node, for its environment (SENSOR_TOKEN), or the token of a relay',
  settings: ['stateDir', 'sensorKey'],
  options: {
    relay: option.value('--relay <region>', "that of the region's relay (WASM_SENSORS_RELAY_TOKEN)", option.text),
  },
  examples: [
    'SENSOR_TOKEN=$(wasm-sensors sensors token edge-us-1) bacalhau serve …',
    'wasm-sensors sensors token --relay eu',
  ],
  async action({ out, settings, options: { relay }, args: { host } }) {
    const name = relay ?? host;
    if (name === undefined || (relay !== undefined && host !== undefined)) {
      throw new AppError('BAD_OPTION', 'whose token? Name a host, or a region with --relay');
    }
    const tokenOf = relay === undefined ? sensorTokenOf : relayTokenOf;
    const stateDir = resolve(settings.stateDir);
    if (settings.sensorKey === undefined && readSensorKeys(stateDir) === undefined)
      out.warn(
        `nothing ran in this folder yet: a new key is made in ${settings.stateDir}, and only what uses it takes the token`,
      );
    const keys = settings.sensorKey ?? keepSensorKeys(stateDir);
    const token = tokenOf(currentKey(keys)!, name);
    out.result(relay === undefined ? { host: name, token } : { relay, token }, () => token);
  },
});

export const sensorRevoke = command({
  name: 'sensors revoke <host>',
  summary: 'refuse the readings of one node from now on, whatever its token',
  settings: ['stateDir', 'proxies', 'token', 'tlsCa'],
  options: { undo: option.flag('--undo', 'accept its readings again') },
  async action({ out, settings, options, args: { host } }) {
    const revoked = !options.undo;
    await revokeSensor(openProxies(settings), host, revoked);
    // Proxies that the settings name may be anybody's: then nothing here knows the hosts.
    if (settings.proxies === undefined && (await isUnknownHost(openConfigTarget(settings), host))) {
      const next = revoked
        ? 'the name is refused from now on all the same'
        : 'check the name with `wasm-sensors status`';
      out.warn(`no node and no sensor is called ${host}; ${next}`);
    }
    out.result({ host, revoked }, () =>
      revoked
        ? `${host}: its readings are refused. \`wasm-sensors sensors revoke ${host} --undo\` accepts them again.`
        : `${host}: its readings are accepted again`,
    );
  },
});

const HOUR_MS = 3_600_000;

export const tokenRotate = command({
  name: 'token rotate',
  summary: 'make a new key for the sensor tokens of nodes; tokens of the old one stay valid for a while',
  options: {
    overlap: option.value('--overlap <hours>', 'how long tokens of the old key stay valid', option.integer(0), '24'),
  },
  async action({ out, settings, provenance, options }) {
    if (settings.sensorKey !== undefined) {
      const { name } = provenance.sensorKey;
      throw new AppError('NOT_OFFERED', `the sensor key comes from ${name}, not from the state folder`, {
        hint: 'Put a new key in front of the old one there: NEW,OLD@2026-01-31T12:00:00Z.',
      });
    }
    const now = Date.now();
    const end = now + options.overlap * HOUR_MS;
    rotateSensorKey(resolve(settings.stateDir), { now, until: end });
    const until = new Date(end).toISOString();
    out.result(
      { until },
      () =>
        `there is a new key. Restart \`up\`, or give nodes of your own their new tokens (\`wasm-sensors sensors token HOST\`): ` +
        `tokens of the old key are taken until ${until}`,
    );
  },
});
