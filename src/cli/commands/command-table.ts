/**
 * Every command, in the order of `--help`. A command line loads only those that it may mean: all of them together take
 * 300 ms.
 */
import type { CommandSpec } from '../command.js';

/** By name, without arguments. */
const COMMANDS: Record<string, () => Promise<CommandSpec>> = {
  demo: async () => (await import('./demo.command.js')).demo,
  up: async () => (await import('./up/up.command.js')).up,
  top: async () => (await import('./watch/top.command.js')).top,
  down: async () => (await import('./up/down.command.js')).down,
  status: async () => (await import('./watch/status.command.js')).status,
  doctor: async () => (await import('./doctor.command.js')).doctor,
  tail: async () => (await import('./watch/tail.command.js')).tail,
  plot: async () => (await import('./store/history.command.js')).plot,
  history: async () => (await import('./store/history.command.js')).history,
  query: async () => (await import('./store/query.command.js')).query,
  export: async () => (await import('./store/export.command.js')).exportCommand,
  logs: async () => (await import('./watch/logs.command.js')).logs,
  'deploy publisher': async () => (await import('./deploy/deploy-publisher.command.js')).deployPublisherCommand,
  'deploy module': async () => (await import('./deploy/deploy-module.command.js')).deployModuleCommand,
  'deploy proxy': async () => (await import('./deploy/deploy-service.command.js')).deployProxyCommand,
  'deploy puller': async () => (await import('./deploy/deploy-service.command.js')).deployPullerCommand,
  'deploy relay': async () => (await import('./deploy/deploy-service.command.js')).deployRelayCommand,
  'deploy config-updater': async () => (await import('./deploy/deploy-config-updater.command.js')).deployConfigUpdater,
  'stop publisher': async () => (await import('./deploy/stop.command.js')).stopPublisherCommand,
  'stop module': async () => (await import('./deploy/stop.command.js')).stopModuleCommand,
  'stop proxy': async () => (await import('./deploy/deploy-service.command.js')).stopProxyCommand,
  'stop puller': async () => (await import('./deploy/deploy-service.command.js')).stopPullerCommand,
  'stop relay': async () => (await import('./deploy/deploy-service.command.js')).stopRelayCommand,
  'config set': async () => (await import('./config/config.command.js')).configSet,
  'config unset': async () => (await import('./config/config.command.js')).configUnset,
  'config show': async () => (await import('./config/config.command.js')).configShow,
  'config edit': async () => (await import('./config/config-edit.command.js')).configEdit,
  'region disconnect': async () => (await import('./region.command.js')).regionDisconnect,
  'region reconnect': async () => (await import('./region.command.js')).regionReconnect,
  'sensors token': async () => (await import('./sensors.command.js')).sensorToken,
  'sensors revoke': async () => (await import('./sensors.command.js')).sensorRevoke,
  'token rotate': async () => (await import('./sensors.command.js')).tokenRotate,
  shell: async () => (await import('./shell.command.js')).shell,
  settings: async () => (await import('./settings.command.js')).settingsCommand,
  render: async () => (await import('./render.command.js')).render,
  init: async () => (await import('./modules.command.js')).init,
  'build wasm': async () => (await import('./modules.command.js')).buildWasmCommand,
  'images build': async () => (await import('./images.command.js')).imagesBuild,
  'images push': async () => (await import('./images.command.js')).imagesPush,
  'proxy serve': async () => (await import('./serve.command.js')).proxyServe,
  'relay serve': async () => (await import('./serve.command.js')).relayServe,
  'puller serve': async () => (await import('./serve.command.js')).pullerServe,
  'queue serve': async () => (await import('./serve.command.js')).queueServe,
  'queue status': async () => (await import('./queue.command.js')).queueStatus,
  'queue peek': async () => (await import('./queue.command.js')).queuePeek,
  'queue dead-letters': async () => (await import('./queue.command.js')).queueDeadLetters,
  'queue replay': async () => (await import('./queue.command.js')).queueReplay,
  'queue purge': async () => (await import('./queue.command.js')).queuePurge,
  'sensors serve': async () => (await import('./serve.command.js')).sensorsServe,
};

/**
 * The command that a command line names; its whole group where the second word names none; all commands where the first
 * word names no group. `words`: the arguments of the program.
 */
export async function loadCommands(words: string[]): Promise<CommandSpec[]> {
  const named = (count: number) => {
    const start = words.slice(0, count).join(' ');
    return Object.keys(COMMANDS).filter((name) => name.split(' ').slice(0, count).join(' ') === start);
  };
  const names = [named(2), named(1)].find(({ length }) => length > 0) ?? Object.keys(COMMANDS);
  return Promise.all(names.map((name) => COMMANDS[name]!()));
}
