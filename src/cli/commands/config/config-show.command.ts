import type { SensorView } from '../../../fleet/fleet-view.js';
import { compareProxies } from '../../../operations/change-config.js';
import {
  configOf,
  type DesiredState,
  effectiveConfig,
  type Scope,
  scopeText,
} from '../../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../../protocol/sensor-config.js';
import type { CommandSpec } from '../../command.js';
import { openConfigTarget, TARGET_SETTINGS } from '../../config-target.js';
import type { Style } from '../../output/terminal-style.js';
import { swatch } from '../../output/terminal-style.js';
import { table } from '../../output/text-table.js';

/** Sensors listed as text; `-o json` has all. */
const SHOWN = 30;

export const configShow: CommandSpec = {
  name: 'config show',
  summary: 'desired configuration of every scope, and what the sensors report, with the source of each value',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  async action({ out, settings }) {
    const { proxies, fleet, jobs } = openConfigTarget(settings);
    const { desired, holder, others } = await compareProxies(proxies);
    for (const { url, reason } of others) out.warn(`${url} ${reason}`);
    if (desired.lost !== undefined)
      out.warn(`${holder.url} has lost version ${desired.lost}, which sensors still have; set all of it again`);
    const known = await jobs?.().catch(() => undefined);
    const [snapshot, convergence] = await Promise.all([fleet.snapshot(), fleet.convergence(desired, {}, known)]);
    const sensors = snapshot.sensors.filter(({ state }) => state !== 'gone' && state !== 'replaced');
    const data = {
      desired,
      differing: others,
      convergence,
      sensors: sensors.map(({ execution_id, hostname, region, state, color, icon_name, config }) => ({
        execution_id,
        hostname,
        region,
        state,
        color,
        icon_name,
        reported: config ?? null,
        desired: effectiveConfig(desired, region, hostname),
      })),
    };
    out.result(data, (style) =>
      [
        desiredText(desired),
        '',
        desired.lost === undefined
          ? `${convergence.converged}/${convergence.sensors} sensors converged`
          : `${convergence.sensors} sensors, which do what was lost`,
        ...(sensors.length > 0 ? [sensorTable(sensors, style)] : []),
      ].join('\n'),
    );
    return 0;
  },
};

function desiredText(desired: DesiredState): string {
  const scopes: Scope[] = [
    {},
    ...Object.keys(desired.regions).map((region) => ({ region })),
    ...Object.keys(desired.hosts).map((hostname) => ({ hostname })),
  ];
  const rows = scopes.map((scope) => {
    const config = configOf(desired, scope);
    const values = SENSOR_CONFIG_FIELDS.flatMap((field) =>
      config?.[field] === undefined ? [] : [`${field}=${config[field]}`],
    );
    return [
      scopeText(scope),
      values.join(' ') || '(nothing is set)',
      config?.version ? `version ${config.version}` : '',
    ];
  });
  return table([['desired', '', ''], ...rows]);
}

/** Every value with where it comes from: `interval 1 s (fleet)`. */
function sensorTable(sensors: SensorView[], style: Style): string {
  const from = (sensor: SensorView, field: SensorConfigField) =>
    style.dim(`(${sensor.config?.sources[field] ?? 'unknown'})`);
  const rows = sensors
    .slice(0, SHOWN)
    .map((s) => [
      s.region,
      s.hostname,
      s.state,
      `${swatch(style, s.color)} ${from(s, 'color')}`,
      `${s.icon_name} ${from(s, 'emoji')}`,
      from(s, 'random_off'),
      s.config ? `${s.config.intervalMs / 1000} s ${from(s, 'interval')}` : '',
      s.config ? `${s.config.paused ? 'yes' : 'no'} ${from(s, 'paused')}` : '',
      s.config?.file === 'bad' ? style.red('bad') : (s.config?.file ?? ''),
      s.config?.version ? String(s.config.version) : '-',
    ]);
  const head = ['region', 'host', 'state', 'colour', 'icon', 'random_off', 'interval', 'paused', 'file', 'version'].map(
    (word) => style.dim(word),
  );
  const more = sensors.length > SHOWN ? `\n… and ${sensors.length - SHOWN} more; -o json has all` : '';
  return table([head, ...rows]) + more;
}
