import { Option } from 'commander';
import { type Scope, scopeText } from '../../core/desired.js';
import { usageError } from '../../core/errors.js';
import type { Convergence } from '../../core/fleet-view.js';
import { untilConverged } from '../../network/converge.js';
import { applyChange, type Change, type FailedProxy } from '../../network/reconfigure.js';
import { rollOut } from '../../network/roll-out.js';
import type { FleetClient } from '../../puller/client.js';
import type { CommandContext, CommandSpec } from '../command.js';
import { fieldNamed, scopeFrom, scopeOptions, valuesFrom } from '../config-scope.js';
import { openConfigTarget, TARGET_SETTINGS } from '../config-target.js';
import { timeoutMs, timeoutOption } from '../deploy-options.js';

const common = (): Option[] => [
  ...scopeOptions(),
  timeoutOption(30),
  new Option('--no-wait', 'return as soon as the proxy has it'),
  new Option('--replace', 'what a proxy has lost is given up: sensors keep only what is set now'),
];

export const configSet: CommandSpec = {
  name: 'config set <values...>',
  summary: 'change running sensors (color, emoji, random_off, interval, paused); ends when their readings show it',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
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
  settings: TARGET_SETTINGS,
  options: common(),
  examples: ['wasm-sensors config unset --region eu color'],
  action: (context) => change(context, { set: {}, unset: context.args.map(fieldNamed) }),
};

async function change(context: CommandContext, wanted: Pick<Change, 'set' | 'unset'>): Promise<number> {
  const { out, settings, options } = context;
  const { proxies, fleet, jobs } = openConfigTarget(settings);
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1000;
  const wait = {
    timeoutMs: timeoutMs(options),
    jobs,
    onProgress: ({ converged, sensors }: Convergence) => out.progress(`${converged}/${sensors} sensors converged`),
  };
  const warnFailed = (failed: FailedProxy[]) => {
    for (const { url, reason } of failed) out.warn(`${url} did not take it: ${reason}`);
  };
  const asked = { ...wanted, seen: await newestSeen(fleet), replace: options.replace === true };

  if (options.rollout !== undefined) {
    const regions = String(options.rollout).split(',').filter(Boolean);
    if (regions.length === 0)
      throw usageError('BAD_OPTION', '--rollout names no region', 'For example: --rollout us,eu,as');
    const { version, failed } = await rollOut(proxies, fleet, regions, asked, {
      ...wait,
      onFailed: warnFailed,
      onRegion: (region, { converged, sensors }) =>
        out.note(`${region}: ${converged}/${sensors} sensors converged and send on`),
    });
    out.result(
      { version, regions, seconds: seconds(), failed },
      () => `rolled out to ${regions.join(', ')} in ${seconds().toFixed(1)} s`,
    );
    return failed.length > 0 ? 1 : 0;
  }

  const scope = scopeFrom(options);
  const { version, state, failed } = await applyChange(proxies, { ...asked, scope });
  warnFailed(failed);
  if (options.wait === false) {
    out.result({ version, failed }, () => `${scopeText(scope)}: version ${version} is desired; nobody waited for it`);
    return failed.length > 0 ? 1 : 0;
  }
  const { converged, sensors } = await untilConverged(fleet, state, scope, wait);
  if (sensors === 0) await warnNobody(fleet, scope, (text) => out.warn(text));
  out.result({ version, sensors, converged, seconds: seconds(), failed }, () =>
    sensors === 0
      ? `${scopeText(scope)}: desired; no sensor of this scope sends now`
      : `${converged}/${sensors} sensors converged in ${seconds().toFixed(1)} s`,
  );
  return failed.length > 0 ? 1 : 0;
}

/** The newest version that sensors report; 0 where nobody can tell, for the change itself needs no puller. */
async function newestSeen(fleet: FleetClient): Promise<number> {
  const nothing = { version: 0, fleet: { version: 0 }, regions: {}, hosts: {} };
  return fleet.convergence(nothing, {}).then(
    ({ newest }) => newest,
    () => 0,
  );
}

/** A scope without sensors may be one that is still to be deployed, or a slip of the pen. */
async function warnNobody(fleet: FleetClient, scope: Scope, warn: (text: string) => void): Promise<void> {
  const { regions } = await fleet.summary();
  if (!('region' in scope || 'hostname' in scope) || regions.length === 0) return;
  warn(
    `there is no sensor in ${scopeText(scope)} (regions with sensors: ${regions.map(({ region }) => region).join(', ')}); ` +
      'if this was not meant, take it back with `wasm-sensors config unset`',
  );
}
