/** Sensors that exist only as readings: they do at once what they are told, as real ones do within seconds. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { effectiveConfig } from '../../protocol/desired-config.js';
import { ICONS, SENSOR_CONFIG_FIELDS, type SensorConfig } from '../../protocol/sensor-config.js';
import type { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import type { Delivery } from '../../puller/delivery.js';
import type { EventHub } from '../../puller/events/event-hub.js';

export interface FakeSensor {
  hostname: string;
  region: string;
  job: string;
  execution: string;
  submission: number;
  sequence: number;
  flags: SensorConfig;
  file: SensorConfig;
  /** Its YAML file. */
  path: string | undefined;
  /** The fleet configuration that it has applied. */
  fleet: { version: number } & SensorConfig;
}

type Values = { [F in keyof SensorConfig]-?: NonNullable<SensorConfig[F]> };
const DEFAULTS: Values = { color: '#ff5733', emoji: 0, random_off: false, interval: 5, paused: false };

export class FakeFleet {
  readonly sensors = new Map<string, FakeSensor>();
  /** Hosts whose sensors hear nothing new. */
  readonly deaf = new Set<string>();
  /** Whether sensors send another reading whenever somebody looks. */
  lively = false;
  #deliveries = 0;
  readonly #hub: EventHub;
  readonly #desired: DesiredConfigStore;

  constructor(hub: EventHub, desired: DesiredConfigStore) {
    this.#hub = hub;
    this.#desired = desired;
  }

  /** Takes the place of the host's sensor, and sends its first reading. */
  start(sensor: Omit<FakeSensor, 'sequence' | 'file' | 'fleet'>): void {
    const known = effectiveConfig(this.#desired.state, sensor.region, sensor.hostname);
    this.sensors.set(sensor.hostname, { ...sensor, sequence: 0, file: {}, fleet: known });
    this.#readFile(this.sensors.get(sensor.hostname)!);
    this.send(sensor.hostname);
  }

  /** Sends the next reading; `over` changes it. */
  send(hostname: string, over: Record<string, unknown> = {}): void {
    const sensor = this.sensors.get(hostname)!;
    sensor.sequence++;
    const values = { ...DEFAULTS, ...sensor.flags, ...sensor.file, ...sensor.fleet } as Values;
    const sourceOf = (field: keyof SensorConfig) => {
      if (sensor.fleet[field] !== undefined) return 'fleet';
      if (sensor.file[field] !== undefined) return 'file';
      return sensor.flags[field] === undefined ? 'default' : 'flag';
    };
    const now = Date.now();
    const reading = {
      job_id: sensor.job,
      execution_id: sensor.execution,
      icon_name: ICONS[values.emoji < 0 ? 1 : values.emoji]!,
      timestamp: new Date(now).toISOString(),
      color: values.color === 'random' ? '#123456' : values.color,
      sequence: sensor.sequence,
      region: sensor.region,
      job_submission_time: sensor.submission,
      hostname,
      ...over,
    };
    this.#deliver({
      message: reading,
      reading,
      config: {
        version: sensor.fleet.version,
        sources: Object.fromEntries(SENSOR_CONFIG_FIELDS.map((field) => [field, sourceOf(field)])) as never,
        file: sensor.path === undefined ? 'none' : 'ok',
        intervalMs: values.interval * 1000,
        paused: values.paused,
      },
    });
  }

  /** Something else that came from the queue. */
  message(message: Record<string, unknown>): void {
    this.#deliver({ message, reading: undefined, config: undefined });
  }

  #deliver(delivery: Pick<Delivery, 'message' | 'reading' | 'config'>): void {
    this.#hub.record([
      { ...delivery, id: `m-${++this.#deliveries}`, body: JSON.stringify(delivery.message), receivedAt: Date.now() },
    ]);
  }

  /** What sensors notice by themselves: a newer fleet configuration, a file that was changed. */
  look(): void {
    for (const sensor of this.sensors.values()) {
      if (this.deaf.has(sensor.hostname)) continue;
      const wanted = effectiveConfig(this.#desired.state, sensor.region, sensor.hostname);
      const newer = wanted.version > sensor.fleet.version;
      if (newer) sensor.fleet = wanted;
      if (this.#readFile(sensor) || newer || (this.lively && !sensor.fleet.paused)) this.send(sensor.hostname);
    }
  }

  /** Whether it sets something else than before. */
  #readFile(sensor: FakeSensor): boolean {
    if (sensor.path === undefined) return false;
    const found = (parse(readFileSync(sensor.path, 'utf8')) ?? {}) as SensorConfig;
    const changed = JSON.stringify(found) !== JSON.stringify(sensor.file);
    sensor.file = found;
    return changed;
  }
}
