/** What the page asks and changes through the puller: the same operations as the commands. */
import type { Settings } from '../../config/settings.js';
import type { SensorView } from '../../fleet/fleet-view.js';
import { changeConfig } from '../../operations/config/change-config.js';
import { configDocument, readConfig } from '../../operations/config/read-config.js';
import { setRegionLink } from '../../operations/cut-region.js';
import { listDeadLetters } from '../../operations/queue/inspect-queue.js';
import { configOf, type Scope } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import type { FleetControls, Place } from '../../puller/controls/fleet-controls.js';
import type { FleetReader } from '../../puller/fleet-client.js';
import { joinShards, openShardQueues } from '../../queue/shard-queues.js';
import { openSession } from '../../runtime/session.js';
import { openConfigTarget } from '../targets.js';

const CHANGE_TIMEOUT_MS = 30_000;
const LINK_TIMEOUT_MS = 150_000;
/** A page shows some sensors; `config show` has all. */
const MAX_SENSORS = 20;
const MAX_LETTERS = 20;
/** Looking hides messages from others for a moment, and Amazon bills it. */
const LETTERS_LOOKED_AT = 100;
const LETTERS_FRESH_MS = 5_000;
const MAX_BODY = 500;

/** `markLink`: tells the fleet view that a region is cut on purpose. */
export function pageControls(
  settings: Settings,
  fleet: FleetReader,
  markLink: (region: string, connected: boolean) => void,
): FleetControls {
  const target = () => openConfigTarget(settings, fleet);
  const letters = fresh(LETTERS_FRESH_MS, () => newestLetters(settings));
  return {
    async offers() {
      const config = async () => target() !== undefined;
      const links = async () => !(await openSession(settings).provider()).provider.capabilities.noCuts;
      return { config: await config().catch(() => false), links: await links().catch(() => false) };
    },
    async readConfig(place) {
      const scopes = scopesOf(place);
      const view = await readConfig(target(), scopes.at(-1)!);
      const ofPlace = view.sensors.filter(({ region }) => place.region === undefined || region === place.region);
      const { desired, convergence, sensors } = configDocument({ ...view, sensors: ofPlace.slice(0, MAX_SENSORS) });
      return {
        scopes: scopes.map((scope) => ({ scope, config: configOf(desired, scope) ?? null })),
        ...(desired.lost === undefined ? {} : { lost: desired.lost }),
        convergence,
        alike: alikeFields(ofPlace),
        sensors,
      };
    },
    async changeConfig({ scope, set, unset, includeNarrower }, report) {
      const { seen, ...saved } = await changeConfig(
        target(),
        scope,
        { set, unset, includeNarrower, replace: false },
        {
          timeoutMs: CHANGE_TIMEOUT_MS,
          wait: true,
          onProgress: ({ sensors, converged, change }) => report({ done: change?.converged ?? converged, of: sensors }),
          onFailed() {},
        },
      );
      return { ...saved, ...seen };
    },
    async setRegionLink(region, connected, report) {
      return setRegionLink(await openSession(settings).network(), region, connected, {
        timeoutMs: LINK_TIMEOUT_MS,
        onSet: async () => markLink(region, connected),
        onProgress: (done, of) => report({ done, of }),
      });
    },
    deadLetters: letters,
  };
}

/** What all sensors have from their flags, their file or by default, and all the same. */
function alikeFields(sensors: SensorView[]): SensorConfigField[] {
  const textOf = ({ hostname, color, icon_name, config }: SensorView, field: SensorConfigField) => {
    const values = { color: color.toLowerCase(), emoji: icon_name, random_off: '', interval: config?.intervalMs };
    const source = config?.sources[field] ?? 'unknown';
    return `${source} ${source === 'fleet' ? hostname : { ...values, paused: config?.paused }[field]}`;
  };
  return SENSOR_CONFIG_FIELDS.filter((field) => new Set(sensors.map((sensor) => textOf(sensor, field))).size === 1);
}

/** The scopes that decide what the sensors of a place do, the widest first. */
const scopesOf = ({ region, hostname }: Place): Scope[] => [
  {},
  ...(region === undefined ? [] : [{ region }]),
  ...(hostname === undefined ? [] : [{ hostname }]),
];

async function newestLetters(settings: Settings) {
  const queue = joinShards(await openShardQueues(settings));
  try {
    const { deadLetters } = await listDeadLetters(queue, LETTERS_LOOKED_AT);
    const newest = deadLetters.slice(-MAX_LETTERS).reverse();
    return {
      /** How many were looked at: the newest of a queue with more may not be among them. */
      seen: deadLetters.length,
      complete: deadLetters.length < LETTERS_LOOKED_AT,
      letters: newest.map((letter) => ({ ...letter, body: letter.body.slice(0, MAX_BODY) })),
    };
  } finally {
    queue.close();
  }
}

/** Loads once for everybody who asks within this time; a failure is not kept. */
function fresh<T>(keepMs: number, load: () => Promise<T>): () => Promise<T> {
  let until = 0;
  let value: Promise<T> | undefined;
  return () => {
    if (value && Date.now() < until) return value;
    until = Date.now() + keepMs;
    const loading = load();
    value = loading;
    loading.catch(() => {
      if (value === loading) value = undefined;
    });
    return loading;
  };
}
