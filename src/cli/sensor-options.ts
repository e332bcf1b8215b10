/** Options that say how sensors are to behave, shared by `up --deploy`, `deploy publisher` and `deploy config-updater`. */
import { Option } from 'commander';
import { usageError } from '../lib/errors/app-error.js';
import { type SensorConfig, sensorConfigSchema } from '../protocol/sensor-config.js';
import { integerOption } from './command.js';

export const sensorOptions = (): Option[] => [
  new Option('--interval <seconds>', 'time between readings (default: 5)'),
  new Option('--color [color]', 'colour such as #00ff88, or random; without a value: random (default: random)'),
  new Option('--emoji <index>', 'index of the icon, or random (default: random)'),
  new Option('--random-off', 'one fixed icon for each sensor instead of random ones'),
];

/** Checks them where they enter; throws `BAD_OPTION` naming the flag. */
export function sensorConfigFrom(options: Record<string, unknown>): SensorConfig {
  const given: Record<string, unknown> = {
    interval: options.interval,
    color: options.color === true ? 'random' : options.color,
    emoji: options.emoji,
    random_off: options.randomOff,
    paused: options.paused,
  };
  for (const key of Object.keys(given)) if (given[key] === undefined) delete given[key];
  const parsed = sensorConfigSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = String(issue.path[0]);
  throw usageError('BAD_OPTION', `--${field.replace('_', '-')}: ${JSON.stringify(given[field])} ${issue.message}`);
}

export const regionOption = () =>
  new Option('--region <region>', 'only this region (may be given several times)').argParser(
    (value: string, before: string[] | undefined) => [...(before ?? []), ...value.split(',')],
  );

export const timeoutOption = (seconds: number) =>
  new Option('--timeout <seconds>', 'how long to wait for what was asked to be seen').default(String(seconds));

/** Milliseconds from `--timeout`. */
export function timeoutMs(options: Record<string, unknown>): number {
  return (integerOption(options.timeout, '--timeout', 1) ?? 60) * 1000;
}
