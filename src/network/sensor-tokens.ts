/** What sensors' nodes and proxies get as environment, so that proxies know who sends. */
import { currentKey, sensorTokenOf } from '../protocol/sensor-token.js';
import type { PlanContext } from './provider.js';

type SensorSecrets = Pick<PlanContext, 'sensorEnv' | 'sensorKey'>;

/** Variables with which sensors on this node send: those for all, or its own token. */
export function sensorEnvOf({ sensorEnv, sensorKey }: SensorSecrets, node: string): Record<string, string> {
  const key = currentKey(sensorKey);
  return key === undefined ? sensorEnv : { ...sensorEnv, SENSOR_TOKEN: sensorTokenOf(key, node) };
}

/** The names of these variables, which are the same on each node. */
export const sensorVariables = (secrets: SensorSecrets): string[] => Object.keys(sensorEnvOf(secrets, ''));

/** Variables with which a proxy checks what sensors send. */
export const proxyEnvOf = ({ sensorEnv, sensorKey }: SensorSecrets): Record<string, string> =>
  sensorKey === undefined ? sensorEnv : { ...sensorEnv, WASM_SENSORS_SENSOR_KEY: sensorKey };
