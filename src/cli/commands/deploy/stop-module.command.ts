import { stopModule } from '../../../operations/deploy/stop-module.js';
import { openSession } from '../../../runtime/session.js';
import type { CommandSpec } from '../../command.js';
import { regionsOption, takeOverOption } from '../../command-options.js';
import { stopModuleText } from '../../output/module-text.js';

export const stopModuleCommand: CommandSpec = {
  name: 'stop module <name>',
  summary: 'stop a module that `deploy module` started',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [regionsOption(), takeOverOption()],
  async action({ out, settings, options, args }) {
    const session = openSession(settings);
    const target = { network: await session.network(), fleet: session.fleet, token: session.token };
    const regions = options.region as string[] | undefined;
    const result = await stopModule(target, args[0]!, { regions, takeOver: options.takeOver === true });
    out.result(result, () => stopModuleText(result));
    return 0;
  },
};
