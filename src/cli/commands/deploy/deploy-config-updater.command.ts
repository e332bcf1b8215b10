import { AppError } from '../../../lib/errors/app-error.js';
import { updateConfigByJob, updateFileByJob } from '../../../operations/config/update-config-by-job.js';
import type { SensorConfig } from '../../../protocol/sensor-config.js';
import { openSession, type Session } from '../../../runtime/session.js';
import { type CommandContext, command } from '../../command.js';
import {
  flagOption,
  pausedOption,
  scopeFrom,
  scopeOptions,
  sensorConfigFrom,
  sensorOptions,
  text,
  timeoutOption,
  valueOption,
} from '../../options.js';
import { convergedText, fileSeenText, followText, hiddenTexts, readProgressText } from '../../output/config-text.js';
import { secondsText } from '../../output/terminal-text.js';
import { TARGET_SETTINGS, targetOf } from '../../targets.js';

const updaterOptions = () => ({
  ...sensorOptions(),
  paused: pausedOption(),
  ...scopeOptions(),
  file: flagOption(
    '--file',
    "change the YAML file of the region's sensors instead of the fleet configuration",
  ).conflicts('host'),
  from: valueOption('--from <region>', 'region of the node that runs the job (default: the first one)', text),
  timeoutMs: timeoutOption(60),
});

type Context = CommandContext<ReturnType<typeof updaterOptions>>;

export const deployConfigUpdater = command({
  name: 'deploy config-updater',
  summary: 'change the configuration from an edge node, with a WASM job that sends the change to the proxy',
  settings: TARGET_SETTINGS,
  options: updaterOptions(),
  examples: [
    "wasm-sensors deploy config-updater --color '#fefefe'",
    'wasm-sensors deploy config-updater --region eu --interval 2',
    "wasm-sensors deploy config-updater --file --region eu --color '#fefefe'",
  ],
  async action(context) {
    const { options, settings } = context;
    const set = sensorConfigFrom(options);
    if (Object.keys(set).length === 0)
      throw new AppError('NOTHING_TO_CHANGE', 'no value was given', { hint: "For example: --color '#fefefe'" });
    const session = openSession(settings);
    await (options.file ? updateFile(context, session, set) : updateFleet(context, session, set));
  },
});

async function updateFleet({ out, settings, options }: Context, session: Session, set: SensorConfig) {
  const { proxies, fleet } = targetOf(session, settings);
  const target = { network: await session.network(), fleet, proxy: proxies[0]! };
  out.progress('submitting the config-updater');
  const request = { set, scope: scopeFrom(options), from: options.from };
  const result = await updateConfigByJob(target, request, {
    timeoutMs: options.timeoutMs,
    onProgress: (progress) => out.progress(convergedText(progress)),
  });
  const clear = 'run `wasm-sensors config set` with --include-narrower';
  for (const text of hiddenTexts(result.hidden, clear)) out.warn(text);
  const { region, seconds } = result;
  out.result(result, () => `changed by a job in region ${region}: ${followText(result)} (${secondsText(seconds)})`);
}

async function updateFile({ out, options }: Context, session: Session, set: SensorConfig) {
  const target = { network: await session.network(), fleet: session.fleet };
  const request = { set, region: options.region ?? options.from };
  const { seen, ...result } = await updateFileByJob(target, request, {
    timeoutMs: options.timeoutMs,
    onProgress: (progress) => out.progress(readProgressText(progress)),
  });
  out.result({ ...result, ...seen }, () => fileSeenText(result.file, result.region, seen));
}
