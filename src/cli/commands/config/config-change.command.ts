import { Option } from 'commander';
import type { Convergence } from '../../../fleet/fleet-view.js';
import { AppError, usageError } from '../../../lib/errors/app-error.js';
import { applyChange, type Change, type FailedProxy } from '../../../operations/change-config.js';
import { rollOut } from '../../../operations/rollout.js';
import { waitForConvergence } from '../../../operations/wait-for-sensors.js';
import { configOf, type DesiredState, type Scope, scopeText } from '../../../protocol/desired-config.js';
import type { SensorConfigField } from '../../../protocol/sensor-config.js';
import type { FleetClient } from '../../../puller/fleet-client.js';
import type { CommandContext, CommandSpec } from '../../command.js';
import { fieldNamed, scopeFrom, scopeOptions, valuesFrom } from '../../config-scope.js';
import { newestSeen, openConfigTarget, TARGET_SETTINGS } from '../../config-target.js';
import { timeoutMs, timeoutOption } from '../../sensor-options.js';

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
    ).conflicts(['region', 'host', 'wait']),
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
  const seen = await newestSeen(fleet);
  const asked = { ...wanted, ...(seen === undefined ? {} : { seen }), replace: options.replace === true };

  if (options.rollout !== undefined) {
    const regions = String(options.rollout)
      .split(',')
      .map((region) => region.trim())
      .filter(Boolean);
    if (regions.length === 0)
      throw usageError('BAD_OPTION', '--rollout names no region', 'For example: --rollout us,eu,as');
    const { version, failed } = await rollOut(proxies, fleet, regions, asked, {
      ...wait,
      onFailed: warnFailed,
      onRegion: (region, { converged, sensors }, sending) =>
        out.note(`${region}: ${converged}/${sensors} sensors converged${sending ? ' and send on' : ', all paused'}`),
    });
    out.result(
      { version, regions, seconds: seconds(), failed },
      () => `rolled out to ${regions.join(', ')} in ${seconds().toFixed(1)} s`,
    );
    return failed.length > 0 ? 1 : 0;
  }

  const scope = scopeFrom(options);
  const { version, state, holder, failed } = await applyChange(proxies, { ...asked, scope });
  warnFailed(failed);
  if (options.wait === false) {
    out.result({ version, failed }, () => `${scopeText(scope)}: version ${version} is desired; nobody waited for it`);
    return failed.length > 0 ? 1 : 0;
  }
  let latest = state;
  const { converged, sensors } = await waitForConvergence(fleet, state, scope, {
    ...wait,
    latest: async () => (latest = await holder.state()),
  });
  refuseReplaced(latest, scope, wanted);
  if (sensors === 0) await warnNobody(fleet, scope, (text) => out.warn(text));
  out.result({ version, sensors, converged, seconds: seconds(), failed }, () =>
    sensors === 0
      ? `${scopeText(scope)}: desired; no sensor of this scope sends now`
      : `${converged}/${sensors} sensors converged in ${seconds().toFixed(1)} s`,
  );
  return failed.length > 0 ? 1 : 0;
}

/** Somebody else's change may be in force by now: then the sensors do that, and it has to be said. */
function refuseReplaced(latest: DesiredState, scope: Scope, { set, unset }: Pick<Change, 'set' | 'unset'>): void {
  const now = configOf(latest, scope);
  const others = [...(Object.keys(set) as SensorConfigField[]), ...unset].filter(
    (field) => now?.[field] !== set[field],
  );
  if (others.length === 0) return;
  const values = others.map((field) => `${field} ${now?.[field] === undefined ? 'is not set' : `is ${now[field]}`}`);
  throw new AppError(
    'REPLACED',
    'user',
    `${scopeText(scope)}: another change took its place: ${values.join(', ')} now`,
    {
      hint: 'Somebody else changes this fleet at the same time; `wasm-sensors config show` tells what is desired.',
    },
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
