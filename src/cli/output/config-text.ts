/** Texts of the `config` commands and of the config-updater. */
import type { SensorView } from '../../fleet/fleet-view.js';
import type { FailedProxy } from '../../operations/apply-to-proxies.js';
import type { ChangeConfigResult, RollOutResult } from '../../operations/change-config.js';
import type { FileSeen } from '../../operations/edit-region-file.js';
import type { ConfigView } from '../../operations/read-config.js';
import type { UpdaterResult } from '../../operations/update-config-by-job.js';
import { configOf, type DesiredState, effectiveConfig, type Scope, scopeText } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import { type Style, secondsText, swatch, table } from './terminal-text.js';

/** Sensors listed as text; `-o json` has all. */
const SHOWN = 30;

export const convergedText = ({ converged, sensors }: { converged: number; sensors: number }): string =>
  `${converged}/${sensors} sensors converged`;

export const failedProxyText = ({ url, reason }: FailedProxy): string => `${url} did not take the change: ${reason}`;

/** The result as `-o json` shows it. */
export function setConfigDocument({ version, failed, seen }: ChangeConfigResult) {
  if (!seen) return { version, failed };
  const { sensors, converged, seconds } = seen;
  return { version, sensors, converged, seconds, failed };
}

export function setConfigText(scope: Scope, { version, seen }: ChangeConfigResult): string {
  if (!seen) return `Saved for ${scopeText(scope)} (version ${version}); not waited for (--no-wait)`;
  if (seen.sensors === 0) return `Saved for ${scopeText(scope)}; no active sensor matches`;
  return `${convergedText(seen)} (${secondsText(seen.seconds)})`;
}

/** A warning for a scope that no sensor matches: it may be misspelt. Undefined where sensors match. `set`: fields. */
export function noMatchText(scope: Scope, set: string[], { seen }: ChangeConfigResult): string | undefined {
  if (!seen || seen.otherRegions.length === 0) return undefined;
  const fields = set.map((field) => field.replaceAll('_', '-')).join(' ');
  const undo = set.length === 0 ? '' : `; to clear it, run \`wasm-sensors config unset ${scopeFlag(scope)}${fields}\``;
  return `no sensor matches ${scopeText(scope)} (regions with sensors: ${seen.otherRegions.join(', ')})${undo}`;
}

function scopeFlag(scope: Scope): string {
  if ('hostname' in scope) return `--host ${scope.hostname} `;
  return 'region' in scope ? `--region ${scope.region} ` : '';
}

export const rolledOutRegionText = (
  region: string,
  progress: { converged: number; sensors: number },
  sending: boolean,
): string => `${region}: ${convergedText(progress)}${sending ? ' and reporting' : ', all paused'}`;

export const rollOutText = ({ regions, seconds }: RollOutResult): string =>
  `rolled out to ${regions.join(', ')} (${secondsText(seconds)})`;

export const readProgressText = ({ converged, sensors }: { converged: number; sensors: number }): string =>
  `${converged}/${sensors} sensors have read the file`;

/** Readings may not show the values of the file, because the fleet configuration overrides it. */
export function fileSeenText(file: string, region: string, { sensors, read, hidden }: FileSeen): string {
  if (sensors === 0) return `${file} saved; no active sensor in region ${region}`;
  const done = `${file}: ${read}/${sensors} sensors of region ${region} have applied it`;
  if (hidden.length === 0) return done;
  return `${done}; ${hidden.join(', ')}: overridden by the fleet configuration; run \`wasm-sensors config show\` to see where`;
}

export const updaterText = (result: UpdaterResult): string =>
  `changed by a job in region ${result.region}: ${convergedText(result)} (${secondsText(result.seconds)})`;

export const differingProxyText = ({ url, reason }: FailedProxy): string => `${url} ${reason}`;

export const lostText = (url: string, version: number): string =>
  `${url} has lost version ${version}, which sensors still have; set every value again with \`wasm-sensors config set --replace\``;

/** The view as `-o json` shows it. */
export function configDocument({ desired, differing, convergence, sensors }: ConfigView) {
  return {
    ...{ desired, differing, convergence },
    sensors: sensors.map(({ execution_id, hostname, region, state, color, icon_name, config }) => ({
      ...{ execution_id, hostname, region, state, color, icon_name },
      reported: config ?? null,
      desired: effectiveConfig(desired, region, hostname),
    })),
  };
}

export function configText({ desired, convergence, sensors }: ConfigView, style: Style): string {
  const summary =
    desired.lost === undefined
      ? convergedText(convergence)
      : `${convergence.sensors} sensors follow the configuration that was lost`;
  const lines = [desiredTable(desired), '', summary];
  if (sensors.length > 0) lines.push(sensorTable(sensors, style));
  if (sensors.length > SHOWN) lines.push(`… and ${sensors.length - SHOWN} more; -o json has all`);
  return lines.join('\n');
}

function desiredTable(desired: DesiredState): string {
  const scopes: Scope[] = [
    {},
    ...Object.keys(desired.regions).map((region) => ({ region })),
    ...Object.keys(desired.hosts).map((hostname) => ({ hostname })),
  ];
  const rows = scopes.map((scope) => {
    const config = configOf(desired, scope);
    const set = SENSOR_CONFIG_FIELDS.filter((field) => config?.[field] !== undefined);
    const values = set.map((field) => `${field}=${config?.[field]}`).join(' ');
    return [scopeText(scope), values || '(nothing is set)', config?.version ? `version ${config.version}` : ''];
  });
  return table([['desired', '', ''], ...rows]);
}

const HEAD = ['region', 'host', 'state', 'colour', 'icon', 'random_off', 'interval', 'paused', 'file', 'version'];

/** Every value with its source: `interval 1 s (fleet)`. */
function sensorTable(sensors: SensorView[], style: Style): string {
  const rows = sensors.slice(0, SHOWN).map(({ region, hostname, state, color, icon_name, config }) => {
    const from = (field: SensorConfigField) => style.dim(`(${config?.sources[field] ?? 'unknown'})`);
    return [
      ...[region, hostname, state],
      `${swatch(style, color)} ${from('color')}`,
      `${icon_name} ${from('emoji')}`,
      from('random_off'),
      config ? `${config.intervalMs / 1000} s ${from('interval')}` : '',
      config ? `${config.paused ? 'yes' : 'no'} ${from('paused')}` : '',
      config?.file === 'bad' ? style.red('bad') : (config?.file ?? ''),
      config?.version ? String(config.version) : '-',
    ];
  });
  return table([HEAD.map((word) => style.dim(word)), ...rows]);
}
