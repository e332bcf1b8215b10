/** What the commands about sensor tokens say, and what the sensor host logs of its sensors. */
import type { SensorRefused } from '../../sensor-host/cluster.js';
import type { SensorExit } from '../../sensor-host/embedded-job.js';

export const revokedText = (host: string, revoked: boolean): string =>
  revoked
    ? `${host}: its readings are refused. \`wasm-sensors sensors revoke ${host} --undo\` accepts them again.`
    : `${host}: its readings are accepted again`;

export const unknownHostText = (host: string, revoked: boolean): string =>
  `no node and no sensor is called ${host}; ${revoked ? 'the name is refused from now on all the same' : 'check the name with `wasm-sensors status`'}`;

export const rotatedText = (until: number): string =>
  `there is a new key. Restart \`up\`, or give nodes of your own their new tokens (\`wasm-sensors sensors token HOST\`): ` +
  `tokens of the old key are taken until ${new Date(until).toISOString()}`;

export const jobLostText = (job: string, reason: string): string =>
  `${job} does not run again after the restart of the sensor host: ${reason}`;

export function sensorEventText(event: SensorExit | SensorRefused): string {
  if (event.type === 'sensor.refused') {
    const { job, host } = event;
    return `${job} may not reach ${host}; if it should, deploy it with --allow ${host}`;
  }
  const { type, node, job, message } = event;
  return `${node}: ${job} ${type === 'sensor.failed' ? 'failed' : 'completed'}${message === '' ? '' : `: ${message}`}`;
}
