import { Option } from 'commander';
import { scopeText } from '../../core/desired.js';
import { usageError } from '../../core/errors.js';
import type { Convergence } from '../../core/fleet-view.js';
import { applyChange, type Change, rollOut, untilConverged } from '../../network/reconfigure.js';
import type { CommandContext, CommandSpec } from '../command.js';
import { fieldNamed, proxiesOf, scopeFrom, scopeOptions, valuesFrom } from '../config-scope.js';
import { timeoutMs, timeoutOption } from '../deploy-options.js';
import { openSession } from '../session.js';

const common = (): Option[] => [
  ...scopeOptions(),
  timeoutOption(30),
  new Option('--no-wait', 'return as soon as the proxy has it'),
];

export const configSet: CommandSpec = {
  name: 'config set <values...>',
  summary: 'change running sensors (color, emoji, random_off, interval, paused); ends when their readings show it',
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl', 'proxies', 'token'],
  options: [
    ...common(),
    new Option(
      '--rollout <regions>',
      'one region after the other, each only when the one before has converged',
    ).conflicts(['region', 'host']),
  ],
  examples: [
    "wasm-sensors config set color='#00ff88' interval=1",
    'wasm-sensors config set --region eu color=random emoji=3',
    'wasm-sensors config set --rollout us,eu,as interval=2',
  ],
  action: (context) => change(context, { set: valuesFrom(context.args), unset: [] }),
};

export const configUnset: CommandSpec = {
  name: 'config unset <names...>',
  summary: 'take desired values back: sensors fall back to the wider scope, their file, their flags',
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl', 'proxies', 'token'],
  options: common(),
  examples: ['wasm-sensors config unset --region eu color'],
  action: (context) => change(context, { set: {}, unset: context.args.map(fieldNamed) }),
};

async function change(context: CommandContext, wanted: Omit<Change, 'scope'>): Promise<number> {
  const { out, settings, options } = context;
  const session = openSession(settings);
  const proxies = proxiesOf(session, settings);
  const began = Date.now();
  const wait = {
    timeoutMs: timeoutMs(options),
    onProgress: ({ converged, sensors }: Convergence) => out.progress(`${converged}/${sensors} sensors converged`),
  };
  const seconds = () => (Date.now() - began) / 1000;
  const warnFailed = (failed: { url: string; reason: string }[]) => {
    for (const { url, reason } of failed) out.warn(`${url} did not take it: ${reason}`);
    return failed.length > 0 ? 1 : 0;
  };

  if (options.rollout !== undefined) {
    const regions = String(options.rollout).split(',').filter(Boolean);
    if (regions.length === 0)
      throw usageError('BAD_OPTION', '--rollout names no region', 'For example: --rollout us,eu,as');
    const { version, failed } = await rollOut(proxies, session.fleet, regions, wanted, {
      ...wait,
      onRegion: (region, { converged, sensors }) =>
        out.note(`${region}: ${converged}/${sensors} sensors converged and send on`),
    });
    out.result(
      { version, regions, seconds: seconds() },
      () => `rolled out to ${regions.join(', ')} in ${seconds().toFixed(1)} s`,
    );
    return warnFailed(failed);
  }

  const scope = scopeFrom(options);
  const { version, failed } = await applyChange(proxies, { ...wanted, scope });
  if (options.wait === false) {
    out.result({ version, failed }, () => `${scopeText(scope)}: version ${version} is desired; nobody waited for it`);
    return warnFailed(failed);
  }
  const state = await proxies.find(({ url }) => !failed.some((f) => f.url === url))!.state();
  const { converged, sensors } = await untilConverged(session.fleet, state, scope, wait);
  const code = warnFailed(failed);
  out.result({ version, sensors, converged, seconds: seconds(), failed }, () =>
    sensors === 0
      ? `${scopeText(scope)}: desired; no sensor of this scope sends now`
      : `${converged}/${sensors} sensors converged in ${seconds().toFixed(1)} s`,
  );
  return code;
}
