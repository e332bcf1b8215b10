import type { Progress } from '../../../fleet/fleet-view.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { updateConfigByJob, updateFileByJob } from '../../../operations/config/update-config-by-job.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import * as option from '../../options.js';
import { convergedText, fileSeenText, followText, hiddenTexts, readProgressText } from '../../output/config-text.js';
import { secondsText } from '../../output/terminal-text.js';
import { TARGET_SETTINGS, targetOf } from '../../targets.js';

export const deployConfigUpdater = command({
  name: 'deploy config-updater',
  summary: 'change the configuration from an edge node, with a WASM job that sends the change to the proxy',
  settings: TARGET_SETTINGS,
  options: {
    ...option.sensors(),
    paused: option.paused(),
    ...option.scope(),
    file: option
      .flag('--file', "change the YAML file of the region's sensors instead of the fleet configuration")
      .conflicts('host'),
    from: option.value('--from <region>', 'region of the node that runs the job (default: the first one)', option.text),
    timeoutMs: option.timeout(60),
  },
  examples: [
    "wasm-sensors deploy config-updater --color '#fefefe'",
    'wasm-sensors deploy config-updater --region eu --interval 2',
    "wasm-sensors deploy config-updater --file --region eu --color '#fefefe'",
  ],
  async action({ out, settings, options }) {
    const { timeoutMs, region, from } = options;
    const set = option.sensorConfigFrom(options);
    if (Object.keys(set).length === 0)
      throw new AppError('NOTHING_TO_CHANGE', 'no value was given', { hint: "For example: --color '#fefefe'" });
    const session = openSession(settings);
    const network = await session.network();
    if (options.file) {
      const onProgress = (progress: Progress) => out.progress(readProgressText(progress));
      const request = { set, region: region ?? from };
      const found = await updateFileByJob({ network, fleet: session.fleet }, request, { timeoutMs, onProgress });
      const { seen, ...result } = found;
      out.result({ ...result, ...seen }, () => fileSeenText(result.file, result.region, seen));
      return;
    }
    const { proxies, fleet } = targetOf(session, settings);
    out.progress('submitting the config-updater');
    const target = { network, fleet, proxy: proxies[0]! };
    const onProgress = (progress: Progress) => out.progress(convergedText(progress));
    const request = { set, scope: option.scopeFrom(options), from };
    const result = await updateConfigByJob(target, request, { timeoutMs, onProgress });
    const clear = 'run `wasm-sensors config set` with --include-narrower';
    for (const text of hiddenTexts(result.hidden, clear)) out.warn(text);
    const seconds = secondsText(result.seconds);
    out.result(result, () => `changed by a job in region ${result.region}: ${followText(result)} (${seconds})`);
  },
});
