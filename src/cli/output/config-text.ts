/** Texts of the `config` commands and of the config-updater. */
import type { HiddenBy, SensorView } from '../../fleet/fleet-view.js';
import { compareRegions } from '../../fleet/region-counts.js';
import { escapeControls } from '../../lib/control-characters.js';
import type { FailedProxy } from '../../operations/config/apply-to-proxies.js';
import type { ChangeConfigResult } from '../../operations/config/change-config.js';
import type { FileSeen } from '../../operations/config/edit-region-file.js';
import { type ConfigView, valueSource } from '../../operations/config/read-config.js';
import {
  configOf,
  type DesiredState,
  effectiveConfig,
  fieldsIn,
  type Scope,
  scopeText,
} from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import type { ReportedSettings } from '../../protocol/sensor-settings.js';
import { type Column, wholeTable } from './table.js';
import { namesText, type Style, secondsText, swatch } from './terminal-text.js';

/** Sensors listed as text; `-o json` has all. */
const SHOWN = 30;

export const convergedText = ({ converged, sensors }: { converged: number; sensors: number }): string =>
  `${converged}/${sensors} sensors converged`;

export const failedProxyText = ({ url, reason }: FailedProxy): string => `${url} did not take the change: ${reason}`;

export function setConfigText(scope: Scope, { version, seen }: ChangeConfigResult): string {
  if (!seen) return `Saved for ${scopeText(scope)} (version ${version}); not waited for (--no-wait)`;
  if (seen.sensors === 0) return `Saved for ${scopeText(scope)}; no active sensor matches`;
  return `${followText(seen)} (${secondsText(seen.seconds)})`;
}

/** `hidden`: what keeps some sensors from following. */
export const followText = ({ hidden, ...seen }: { converged: number; sensors: number; hidden: unknown[] }): string =>
  hidden.length > 0 ? `${seen.converged}/${seen.sensors} sensors follow` : convergedText(seen);

const NAMED = 5;

/** What keeps a change from some sensors, and how to change that: a warning, where there is something. */
export function hiddenTexts(hidden: HiddenBy[], clear = 'run it again with --include-narrower'): string[] {
  const own = hidden.map(({ scope, fields }) => `${scopeText(scope)} has its own ${LIST.format(fields)}`);
  return own.length > 0 ? [`${namesText(own, NAMED)}; to clear it, ${clear}`] : [];
}

/** `a, b and c`. */
const LIST = new Intl.ListFormat('en-GB');

export const readProgressText = ({ converged, sensors }: { converged: number; sensors: number }): string =>
  `${converged}/${sensors} sensors have read the file`;

/** Readings may not show the values of the file, because the fleet configuration overrides it. */
export function fileSeenText(file: string, region: string, { sensors, read, hidden }: FileSeen): string {
  if (sensors === 0) return `${file} saved; no active sensor in region ${region}`;
  const done = `${file}: ${read}/${sensors} sensors of region ${region} have applied it`;
  if (hidden.length === 0) return done;
  return `${done}; ${hidden.join(', ')}: overridden by what \`config set\` has set; run \`wasm-sensors config show\` to see where`;
}

export function configText({ desired, convergence, sensors, leftOut = 0 }: ConfigView, style: Style): string {
  const summary =
    desired.lost === undefined
      ? convergedText(convergence)
      : `${convergence.sensors} sensors follow the configuration that was lost`;
  const lines = [desiredTable(desired), '', summary];
  if (sensors.length > 0)
    lines.push(sensorTable(sensors, desired, style), style.dim('values without a source are defaults'));
  if (sensors.length > SHOWN) {
    lines.push(`… and ${sensors.length + leftOut - SHOWN} more; -o json has ${leftOut > 0 ? sensors.length : 'all'}`);
  }
  return lines.join('\n');
}

function desiredTable(desired: DesiredState): string {
  const scopes: Scope[] = [
    {},
    ...Object.keys(desired.regions)
      .sort(compareRegions)
      .map((region) => ({ region })),
    ...Object.keys(desired.hosts).map((hostname) => ({ hostname })),
  ];
  const rows = scopes.map((scope) => ({ scope, config: configOf(desired, scope) ?? { version: 0 } }));
  return wholeTable(rows, [
    { head: 'desired', of: ({ scope }) => scopeText(scope) },
    {
      head: '',
      rank: 1,
      least: 8,
      of: ({ config }) =>
        fieldsIn(config)
          .map((field) => `${field}=${config[field]}`)
          .join(' ') || '(nothing is set)',
    },
    { head: '', rank: 2, of: ({ config: { version } }) => (version > 0 ? `version ${version}` : '') },
  ]).join('\n');
}

/** The values in force, as a sensor reports them; of `random_off` only its source is known. */
export function reportedValues(
  { color, icon_name, config }: SensorView,
  style: Style,
): Record<SensorConfigField, string> {
  return {
    color: swatch(style, escapeControls(color)),
    emoji: escapeControls(icon_name),
    random_off: '',
    interval: config ? `${config.intervalMs / 1000} s` : '',
    paused: config ? (config.paused ? 'yes' : 'no') : '',
  };
}

/** In what order columns are left out. */
const RANKS: Record<SensorConfigField, number> = { color: 1, interval: 2, paused: 3, random_off: 4, emoji: 5 };

/** Every value with its source, unless that is the sensor's own default: `1 s (region eu)`. */
function sensorTable(sensors: SensorView[], desired: DesiredState, style: Style): string {
  const fields = SENSOR_CONFIG_FIELDS.map((field): Column<SensorView> => {
    const of = (sensor: SensorView) => {
      const source = valueSource(desired, sensor, field);
      const value = reportedValues(sensor, style)[field];
      if (source !== 'default') return `${value} ${style.dim(`(${source})`)}`.trimStart();
      return field === 'paused' && value === 'no' ? '' : value;
    };
    return { head: field, rank: RANKS[field], least: 8, optional: true, of };
  });
  return wholeTable(
    sensors.toSorted((a, b) => compareRegions(a.region, b.region)).slice(0, SHOWN),
    [
      { head: 'region', of: ({ region }) => region },
      { head: 'host', of: ({ hostname }) => hostname },
      { head: 'state', of: ({ state }) => state },
      ...fields,
      { head: 'file', rank: 6, optional: true, of: ({ config }) => (config?.file === 'bad' ? style.red('bad') : '') },
      { head: 'version', rank: 7, optional: true, of: (sensor) => oldVersionText(desired, sensor) },
      { head: 'settings', optional: true, of: ({ config }) => settingsText(config?.settings ?? {}, style) },
    ],
    { style },
  ).join('\n');
}

/** Of a sensor that has not heard of what is desired now. */
function oldVersionText(desired: DesiredState, { region, hostname, config }: SensorView): string {
  const isNewest = !config || config.version >= effectiveConfig(desired, region, hostname).version;
  return isNewest ? '' : `${config.version || 'none'}`;
}

/** What a custom sensor has declared: `threshold 5 (fleet, 0 to 100)`. */
const settingsText = (settings: ReportedSettings, style: Style): string =>
  Object.entries(settings)
    .map(([name, { value, source, range }]) => {
      const from = range ? `${source}, ${range[0]} to ${range[1]}` : source;
      return `${name} ${value} ${source === 'refused' ? style.red(`(${from})`) : style.dim(`(${from})`)}`;
    })
    .join(', ');
