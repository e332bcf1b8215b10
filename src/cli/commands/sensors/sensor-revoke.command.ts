import { Option } from 'commander';
import { isUnknownHost } from '../../../operations/config/known-scope.js';
import { revokeSensor } from '../../../operations/revoke-sensor.js';
import type { CommandSpec } from '../../command.js';
import { revokedText, unknownHostText } from '../../output/sensors-text.js';
import { openConfigTarget, openProxies } from '../../targets.js';

export const sensorRevoke: CommandSpec = {
  name: 'sensors revoke <host>',
  summary: 'refuse the readings of one node from now on, whatever its token',
  modes: ['text', 'json'],
  settings: ['stateDir', 'proxies', 'token', 'tlsCa'],
  options: [new Option('--undo', 'accept its readings again')],
  async action({ out, settings, options, args }) {
    const hostname = args[0]!;
    const revoked = options.undo !== true;
    await revokeSensor(openProxies(settings), hostname, revoked);
    // Proxies that the settings name may be anybody's: then nothing here knows the hosts.
    if (settings.proxies === undefined && (await isUnknownHost(openConfigTarget(settings), hostname))) {
      out.warn(unknownHostText(hostname, revoked));
    }
    out.result({ host: hostname, revoked }, () => revokedText(hostname, revoked));
    return 0;
  },
};
