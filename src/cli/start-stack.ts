/** From settings to a stack that can be started. */
import { join, resolve } from 'node:path';
import { SETTINGS, type SettingKey } from '../config/settings.js';
import type { PortWish } from '../lib/ports.js';
import { type ChildEvent, Supervisor } from '../lib/supervisor.js';
import { keepToken } from '../lib/token.js';
import { planCentre } from '../network/centre.js';
import { tokenFileOf } from '../network/run-state.js';
import type { NetworkEvent } from '../network/runner.js';
import { createRunner } from '../network/runners.js';
import { Stack } from '../network/stack.js';
import type { CommandContext } from './command.js';

export interface PlannedStack {
  stack: Stack;
  supervisor: Supervisor;
  endpoints: { proxy: string; puller: string };
}

export async function planStack(
  { settings, provenance }: CommandContext,
  emit: (event: ChildEvent | NetworkEvent) => void,
  onStop: () => void,
): Promise<PlannedStack> {
  const stateDir = resolve(settings.stateDir);
  const supervisor = new Supervisor(join(stateDir, 'logs'));
  supervisor.on('event', emit);
  const token = settings.token ?? keepToken(tokenFileOf(stateDir));
  const wish = (key: 'proxyPort' | 'pullerPort' | 'queuePort', purpose: string): PortWish => {
    const { source, name } = provenance[key];
    const flag = source === 'flag' || source === 'default' ? SETTINGS[key].flag.split(' ')[0]! : name;
    return { port: settings[key], explicit: source !== 'default', purpose, flag };
  };
  const centre = await planCentre({
    supervisor,
    stateDir,
    host: settings.host,
    ports: {
      proxy: wish('proxyPort', 'proxy'),
      puller: wish('pullerPort', 'puller'),
      queue: wish('queuePort', 'queue'),
    },
    ...(settings.queue === undefined ? {} : { queue: settings.queue }),
    ...(settings.queueEndpoint === undefined ? {} : { queueEndpoint: settings.queueEndpoint }),
    env: {
      WASM_SENSORS_TOKEN: token,
      ...(settings.sensorToken === undefined ? {} : { SENSOR_TOKEN: settings.sensorToken }),
    },
    proxyArgs: passOn(settings, provenance, ['open', 'rateLimit', 'tlsCert', 'tlsKey', 'awsRegion']),
    // The log sink would write every reading into a log file; `tail` shows them instead.
    pullerArgs: [
      ...passOn(settings, provenance, ['sinks', 'pollers', 'alertAfter', 'webhook', 'retention', 'awsRegion']),
      ...(provenance.sinks.source === 'default' ? ['--sinks', 'store,alert'] : []),
    ],
    emit,
  });
  const runner = await createRunner(
    settings,
    {
      supervisor,
      stateDir,
      nodesPerRegion: settings.nodes,
      proxyUrl: settings.proxyUrl ?? centre.endpoints.proxy,
      token,
      sensorEnv: settings.sensorToken === undefined ? {} : { SENSOR_TOKEN: settings.sensorToken },
      emit,
    },
    provenance.apiPort.source !== 'default',
  );
  const stack = new Stack({ stateDir, kind: settings.network, token, supervisor, centre, runner, onStop });
  return { stack, supervisor, endpoints: centre.endpoints };
}

/** Settings that were given, as flags for a child, whose own environment and files might say something else. */
function passOn(
  settings: CommandContext['settings'],
  provenance: CommandContext['provenance'],
  keys: SettingKey[],
): string[] {
  return keys.flatMap((key) => {
    if (provenance[key].source === 'default') return [];
    const flag = SETTINGS[key].flag.split(' ')[0]!;
    const value = settings[key];
    if (value === true) return [flag];
    return value === false || value === undefined ? [] : [flag, String(value)];
  });
}
