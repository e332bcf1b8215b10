import { Option } from 'commander';
import type { Convergence } from '../../../fleet/fleet-view.js';
import { AppError } from '../../../lib/errors/app-error.js';
import type { FailedProxy } from '../../../operations/config/apply-to-proxies.js';
import { changeConfig, rollOutConfig, type WantedChange } from '../../../operations/config/change-config.js';
import { setConfigDocument } from '../../../operations/config/config-document.js';
import type { CommandContext, CommandSpec } from '../../command.js';
import {
  desiredFieldNamed,
  type OptionValues,
  scopeFrom,
  scopeOptions,
  timeoutMs,
  timeoutOption,
  valuesFrom,
} from '../../command-options.js';
import {
  changeProgressText,
  failedProxyText,
  hiddenTexts,
  revokedPendingTexts,
  rolledOutRegionText,
  rollOutText,
  setConfigText,
} from '../../output/config-text.js';
import { openConfigTarget, TARGET_SETTINGS } from '../../targets.js';

const common = (): Option[] => [
  ...scopeOptions(),
  timeoutOption(30),
  new Option('--no-wait', 'return as soon as the proxy has saved the change'),
  new Option('--include-narrower', 'also clear the same values in narrower scopes, which would hide the change'),
  new Option('--replace', 'give up what a proxy has lost: sensors keep only what is set now'),
];

const wantedFrom = (options: OptionValues, change: Pick<WantedChange, 'set' | 'unset'>): WantedChange => ({
  ...change,
  replace: options.replace === true,
  includeNarrower: options.includeNarrower === true,
  ahead: options.ahead === true,
});

export const configSet: CommandSpec = {
  name: 'config set <values...>',
  summary:
    'change running sensors (color, emoji, random_off, interval, paused, settings they declare), and wait until their readings show it',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  options: [
    ...common(),
    new Option('--ahead', 'set it for a region or host that does not exist yet').conflicts('rollout'),
    new Option(
      '--rollout <regions>',
      'one region after the other, each only when the one before has converged',
    ).conflicts(['region', 'host', 'wait']),
  ],
  examples: [
    "wasm-sensors config set color='#00ff88' interval=1",
    'wasm-sensors config set --region eu color=random emoji=3',
    'wasm-sensors config set --rollout us,eu,as interval=2',
    'wasm-sensors config set --region eu threshold=5    # a setting of a sensor of your own',
  ],
  async action(context) {
    const { options, args } = context;
    const wanted = wantedFrom(options, { set: valuesFrom(args), unset: [] });
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
    return change(context, wantedFrom(options, { set: {}, unset: args.map(desiredFieldNamed) }));
  },
};

async function change(context: CommandContext, wanted: WantedChange): Promise<number> {
  const { out, settings, options } = context;
  const scope = scopeFrom(options);
  const waiting = { ...waitOptions(context), wait: options.wait !== false };
  const result = await changeConfig(openConfigTarget(settings), scope, wanted, waiting);
  const { hidden, revoked } = result.seen ?? { hidden: [], revoked: [] };
  for (const text of [...hiddenTexts(hidden), ...revokedPendingTexts(revoked)]) out.warn(text);
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
    onRegion(region, convergence, sending) {
      out.note(rolledOutRegionText(region, convergence, sending));
      for (const text of hiddenTexts(convergence.change?.hidden ?? [])) out.warn(text);
    },
  });
  out.result(result, () => rollOutText(result));
  return result.failed.length > 0 ? 1 : 0;
}

function waitOptions({ out, options }: CommandContext) {
  return {
    timeoutMs: timeoutMs(options),
    onProgress: (progress: Convergence) => out.progress(changeProgressText(progress)),
    onFailed(failed: FailedProxy[]) {
      for (const one of failed) out.warn(failedProxyText(one));
    },
  };
}
