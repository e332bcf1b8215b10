import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import type { FailedProxy } from '../../../operations/apply-to-proxies.js';
import { changeConfig, rollOutConfig, type WantedChange } from '../../../operations/change-config.js';
import type { CommandContext, CommandSpec } from '../../command.js';
import { fieldNamed, scopeFrom, scopeOptions, timeoutMs, timeoutOption, valuesFrom } from '../../command-options.js';
import { openConfigTarget, TARGET_SETTINGS } from '../../open-config-target.js';
import {
  convergedText,
  failedProxyText,
  noMatchText,
  rolledOutRegionText,
  rollOutText,
  setConfigDocument,
  setConfigText,
} from '../../output/config-text.js';

const common = (): Option[] => [
  ...scopeOptions(),
  timeoutOption(30),
  new Option('--no-wait', 'return as soon as the proxy has saved the change'),
  new Option('--replace', 'give up what a proxy has lost: sensors keep only what is set now'),
];

export const configSet: CommandSpec = {
  name: 'config set <values...>',
  summary: 'change running sensors (color, emoji, random_off, interval, paused), and wait until their readings show it',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  options: [
    ...common(),
    new Option(
      '--rollout <regions>',
      'one region after the other, each only when the one before has converged',
    ).conflicts(['region', 'host', 'wait']),
  ],
  examples: [
    "wasm-sensors config set color='#00ff88' interval=1",
    'wasm-sensors config set --region eu color=random emoji=3',
    'wasm-sensors config set --rollout us,eu,as interval=2',
  ],
  async action(context) {
    const { options, args } = context;
    const wanted = { set: valuesFrom(args), unset: [], replace: options.replace === true };
    return options.rollout === undefined ? change(context, wanted) : rollOut(context, wanted);
  },
};

export const configUnset: CommandSpec = {
  name: 'config unset <names...>',
  summary: 'clear desired values: sensors fall back to the wider scope, their file, their flags',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  options: common(),
  examples: ['wasm-sensors config unset --region eu color'],
  async action(context) {
    const { options, args } = context;
    return change(context, { set: {}, unset: args.map(fieldNamed), replace: options.replace === true });
  },
};

async function change(context: CommandContext, wanted: WantedChange): Promise<number> {
  const { out, settings, options } = context;
  const scope = scopeFrom(options);
  const waiting = { ...waitOptions(context), wait: options.wait !== false };
  const result = await changeConfig(openConfigTarget(settings), scope, wanted, waiting);
  const noMatch = noMatchText(scope, Object.keys(wanted.set), result);
  if (noMatch !== undefined) out.warn(noMatch);
  out.result(setConfigDocument(result), () => setConfigText(scope, result));
  return result.failed.length > 0 ? 1 : 0;
}

async function rollOut(context: CommandContext, wanted: WantedChange): Promise<number> {
  const { out, settings, options } = context;
  const target = openConfigTarget(settings);
  const regions = String(options.rollout)
    .split(',')
    .map((region) => region.trim())
    .filter(Boolean);
  if (regions.length === 0)
    throw new AppError('BAD_OPTION', '--rollout names no region', { hint: 'For example: --rollout us,eu,as' });
  const result = await rollOutConfig(target, regions, wanted, {
    ...waitOptions(context),
    onRegion: (region, convergence, sending) => out.note(rolledOutRegionText(region, convergence, sending)),
  });
  out.result(result, () => rollOutText(result));
  return result.failed.length > 0 ? 1 : 0;
}

function waitOptions({ out, options }: CommandContext) {
  return {
    timeoutMs: timeoutMs(options),
    onProgress: (progress: { converged: number; sensors: number }) => out.progress(convergedText(progress)),
    onFailed(failed: FailedProxy[]) {
      for (const one of failed) out.warn(failedProxyText(one));
    },
  };
}
