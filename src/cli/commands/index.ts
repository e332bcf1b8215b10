/** All commands, in the order of `--help`. */
import type { CommandSpec } from '../command.js';
import { buildWasmCommand } from './build-wasm.js';
import { deployPublisherCommand } from './deploy-publisher.js';
import { down } from './down.js';
import { proxyServe } from './proxy-serve.js';
import { pullerServe } from './puller-serve.js';
import { queueServe } from './queue-serve.js';
import { regionDisconnect, regionReconnect } from './region.js';
import { sensorsServe } from './sensors-serve.js';
import { settingsCommand } from './settings.js';
import { status } from './status.js';
import { stopPublisherCommand } from './stop-publisher.js';
import { tail } from './tail.js';
import { up } from './up.js';

export const commands: CommandSpec[] = [
  up,
  down,
  status,
  tail,
  deployPublisherCommand,
  stopPublisherCommand,
  regionDisconnect,
  regionReconnect,
  settingsCommand,
  buildWasmCommand,
  proxyServe,
  pullerServe,
  queueServe,
  sensorsServe,
];
