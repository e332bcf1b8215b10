import { configDocument } from '../../../operations/config/config-document.js';
import { readConfig } from '../../../operations/config/read-config.js';
import type { CommandSpec } from '../../command.js';
import { configText, differingProxyText, lostText } from '../../output/config-text.js';
import { openConfigTarget, TARGET_SETTINGS } from '../../targets.js';

export const configShow: CommandSpec = {
  name: 'config show',
  summary: 'show the desired configuration of every scope, and what the sensors report, with the source of each value',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  async action({ out, settings }) {
    const view = await readConfig(openConfigTarget(settings));
    for (const proxy of view.differing) out.warn(differingProxyText(proxy));
    if (view.desired.lost !== undefined) out.warn(lostText(view.holder, view.desired.lost));
    out.result(configDocument(view), (style) => configText(view, style));
    return 0;
  },
};
