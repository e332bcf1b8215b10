/** All commands, in the order of `--help`. */
import type { CommandSpec } from '../command.js';
import { buildWasmCommand } from './build-wasm.js';
import { configSet, configUnset } from './config-change.js';
import { configEdit } from './config-edit.js';
import { configShow } from './config-show.js';
import { deployConfigUpdater } from './deploy-config-updater.js';
import { deployPublisherCommand } from './deploy-publisher.js';
import { deployProxyCommand, deployPullerCommand, stopProxyCommand, stopPullerCommand } from './deploy-service.js';
import { down } from './down.js';
import { imagesBuild, imagesLogin, imagesPush } from './images.js';
import { proxyServe } from './proxy-serve.js';
import { pullerServe } from './puller-serve.js';
import { queueServe } from './queue-serve.js';
import { regionDisconnect, regionReconnect } from './region.js';
import { render } from './render.js';
import { sensorsServe } from './sensors-serve.js';
import { settingsCommand } from './settings.js';
import { shell } from './shell.js';
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
  shell,
  settingsCommand,
  render,
  buildWasmCommand,
  imagesBuild,
  imagesLogin,
  imagesPush,
  proxyServe,
  pullerServe,
  queueServe,
  sensorsServe,
];
