import { resolve } from 'node:path';
import { checkBeforeUp } from '../../../doctor/before-up.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { makeFolder } from '../../../lib/fs/state-folder.js';
import { readSensor } from '../../../operations/deploy/publisher-job.js';
import { removeOrphans } from '../../../runtime/orphans.js';
import { quarantineDamagedState } from '../../../runtime/run-state.js';
import { command } from '../../command.js';
import * as option from '../../options.js';
import { keptText, quarantinedText } from '../../output/up-text.js';
import { regionsLeftAtRelays } from './left-at-relays.js';
import { upDetached } from './up-detached.js';
import { upInForeground } from './up-foreground.js';
import { UP_SETTINGS, upOptions } from './up-settings.js';

export const up = command({
  name: 'up',
  summary: 'start the network with its queue, proxy and puller, and show what happens; Ctrl-C stops everything',
  settings: UP_SETTINGS,
  modes: ['text', 'ndjson'],
  options: upOptions(),
  sections: true,
  examples: [
    'wasm-sensors up --deploy',
    'wasm-sensors up --network native --nodes 2 --deploy --interval 1',
    'wasm-sensors up -d --deploy && wasm-sensors tail',
  ],
  async action(context) {
    const { out, settings, options } = context;
    if (!options.deploy) refuseSensorOptions(options);
    option.requireProfile(options);
    if (options.module !== undefined) await readSensor(options.module);
    const stateDir = resolve(settings.stateDir);
    const quarantined = quarantineDamagedState(stateDir);
    if (quarantined !== undefined) out.warn(quarantinedText(quarantined));
    const orphans = await removeOrphans(stateDir);
    for (const name of orphans.removed) out.note(`stopped ${name}, which a killed \`up\` left behind`);
    for (const text of orphans.kept) out.warn(keptText(text));
    for (const { why, fix } of await checkBeforeUp(settings)) out.warn(`${why}${fix === undefined ? '' : `. ${fix}`}`);
    makeFolder(stateDir);
    if (!settings.relays) {
      const left = (await regionsLeftAtRelays(stateDir)).join(', ');
      if (left !== '')
        out.note(`relays of an earlier \`up --relays\` may keep readings (${left}); \`up --relays\` delivers them`);
    }
    return options.detach ? upDetached(context) : upInForeground(context);
  },
});

/** option.Options of the publisher would have no effect. Throws `BAD_OPTION`. */
function refuseSensorOptions(values: option.Values<ReturnType<typeof option.publisher>>): void {
  const options: option.Options = option.publisher();
  const isGiven = (value: unknown) => value !== undefined && value !== false && String(value) !== '';
  const given = Object.entries(values).flatMap(([name, value]) => (isGiven(value) ? (options[name]?.long ?? []) : []));
  if (given.length === 0) return;
  const names = given.join(', ');
  throw new AppError('BAD_OPTION', `${names}: no sensor is deployed without --deploy`, {
    hint: `Add --deploy, or omit ${names}.`,
  });
}
