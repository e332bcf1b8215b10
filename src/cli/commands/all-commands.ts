/** All commands, in the order of `--help`. */
import type { CommandSpec } from '../command.js';
import { buildWasmCommand } from './build-wasm.command.js';
import { completion } from './completion.command.js';
import { configEdit } from './config/config-edit.command.js';
import { configSet, configUnset } from './config/config-set.command.js';
import { configShow } from './config/config-show.command.js';
import { demo } from './demo.command.js';
import { deployConfigUpdater } from './deploy/deploy-config-updater.command.js';
import { deployPublisherCommand } from './deploy/deploy-publisher.command.js';
import {
  deployProxyCommand,
  deployPullerCommand,
  stopProxyCommand,
  stopPullerCommand,
} from './deploy/deploy-service.command.js';
import { stopPublisherCommand } from './deploy/stop-publisher.command.js';
import { doctor } from './doctor.command.js';
import { imagesBuild, imagesLogin, imagesPush } from './images.command.js';
import { logs } from './logs.command.js';
import { queueDeadLetters } from './queue/queue-dead-letters.command.js';
import { queuePeek } from './queue/queue-peek.command.js';
import { queuePurge } from './queue/queue-purge.command.js';
import { queueReplay } from './queue/queue-replay.command.js';
import { queueStatus } from './queue/queue-status.command.js';
import { regionDisconnect, regionReconnect } from './region.command.js';
import { render } from './render.command.js';
import { sensorRevoke } from './sensors/sensor-revoke.command.js';
import { sensorTokenCommand } from './sensors/sensor-token.command.js';
import { tokenRotate } from './sensors/token-rotate.command.js';
import { proxyServe } from './serve/proxy-serve.command.js';
import { pullerServe } from './serve/puller-serve.command.js';
import { queueServe } from './serve/queue-serve.command.js';
import { sensorsServe } from './serve/sensors-serve.command.js';
import { settingsCommand } from './settings.command.js';
import { shell } from './shell.command.js';
import { status } from './status.command.js';
import { exportCommand } from './store/export.command.js';
import { history } from './store/history.command.js';
import { plot } from './store/plot.command.js';
import { query } from './store/query.command.js';
import { tail } from './tail.command.js';
import { top } from './top.command.js';
import { down } from './up/down.command.js';
import { up } from './up/up.command.js';

export const commands: CommandSpec[] = [
  demo,
  up,
  top,
  down,
  status,
  doctor,
  tail,
  plot,
  history,
  query,
  exportCommand,
  logs,
  deployPublisherCommand,
  deployProxyCommand,
  deployPullerCommand,
  deployConfigUpdater,
  stopPublisherCommand,
  stopProxyCommand,
  stopPullerCommand,
  configSet,
  configUnset,
  configShow,
  configEdit,
  regionDisconnect,
  regionReconnect,
  sensorTokenCommand,
  sensorRevoke,
  tokenRotate,
  shell,
  completion,
  settingsCommand,
  render,
  buildWasmCommand,
  imagesBuild,
  imagesLogin,
  imagesPush,
  proxyServe,
  pullerServe,
  queueServe,
  queueStatus,
  queuePeek,
  queueDeadLetters,
  queueReplay,
  queuePurge,
  sensorsServe,
];
