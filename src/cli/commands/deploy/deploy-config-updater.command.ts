import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { updateConfigByJob, updateFileByJob } from '../../../operations/config/update-config-by-job.js';
import type { SensorConfig } from '../../../protocol/sensor-config.js';
import { openSession, type Session } from '../../../runtime/session.js';
import type { CommandContext, CommandSpec } from '../../command.js';
import {
  scopeFrom,
  scopeOptions,
  sensorConfigFrom,
  sensorOptions,
  timeoutMs,
  timeoutOption,
} from '../../command-options.js';
import { convergedText, fileSeenText, hiddenTexts, readProgressText, updaterText } from '../../output/config-text.js';
import { TARGET_SETTINGS, targetOf } from '../../targets.js';

export const deployConfigUpdater: CommandSpec = {
  name: 'deploy config-updater',
  summary: 'change the configuration from an edge node, with a WASM job that sends the change to the proxy',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  options: [
    ...sensorOptions(),
    new Option('--paused [boolean]', 'whether sensors pause').preset('true'),
    ...scopeOptions(),
    new Option('--file', "change the YAML file of the region's sensors instead of the fleet configuration").conflicts(
      'host',
    ),
    new Option('--from <region>', 'region of the node that runs the job (default: the first one)'),
    timeoutOption(60),
  ],
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
    return 0;
  },
};

async function updateFleet({ out, settings, options }: CommandContext, session: Session, set: SensorConfig) {
  const { proxies, fleet } = targetOf(session, settings);
  const target = { network: await session.network(), fleet, proxy: proxies[0]! };
  const from = options.from === undefined ? {} : { from: String(options.from) };
  const result = await updateConfigByJob(
    target,
    { set, scope: scopeFrom(options), ...from },
    {
      timeoutMs: timeoutMs(options),
      onSubmit: () => out.progress('submitting the config-updater'),
      onProgress: (progress) => out.progress(convergedText(progress)),
    },
  );
  const clear = 'run `wasm-sensors config set` with --include-narrower';
  for (const text of hiddenTexts(result.hidden, clear)) out.warn(text);
  out.result(result, () => updaterText(result));
}

async function updateFile({ out, options }: CommandContext, session: Session, set: SensorConfig) {
  const target = { network: await session.network(), fleet: session.fleet };
  const region = options.region ?? options.from;
  const request = { set, ...(region === undefined ? {} : { region: String(region) }) };
  const { seen, ...result } = await updateFileByJob(target, request, {
    timeoutMs: timeoutMs(options),
    onProgress: (progress) => out.progress(readProgressText(progress)),
  });
  out.result({ ...result, ...seen }, () => fileSeenText(result.file, result.region, seen));
}
