/**
 * Every command, in the order of `--help`. A command line loads only those that it may mean: all of them together take
 * 300 ms.
 */
import type { CommandSpec } from '../command.js';

/** A file, and the commands that it exports, by name, without arguments. */
const FILES: [load: () => Promise<object>, ...names: string[]][] = [
  [() => import('./demo.command.js'), 'demo'],
  [() => import('./up/up.command.js'), 'up'],
  [() => import('./watch/top.command.js'), 'top'],
  [() => import('./up/down.command.js'), 'down'],
  [() => import('./watch/status.command.js'), 'status'],
  [() => import('./doctor.command.js'), 'doctor'],
  [() => import('./watch/tail.command.js'), 'tail'],
  [() => import('./store/history.command.js'), 'plot', 'history'],
  [() => import('./store/query.command.js'), 'query', 'export'],
  [() => import('./store/copy.command.js'), 'store copy'],
  [() => import('./watch/logs.command.js'), 'logs'],
  [() => import('./deploy/deploy-publisher.command.js'), 'deploy publisher'],
  [() => import('./deploy/deploy-module.command.js'), 'deploy module'],
  [() => import('./deploy/deploy-service.command.js'), 'deploy proxy', 'deploy puller', 'deploy relay'],
  [() => import('./deploy/deploy-config-updater.command.js'), 'deploy config-updater'],
  [
    () => import('./deploy/stop.command.js'),
    'stop publisher',
    'stop module',
    'stop proxy',
    'stop puller',
    'stop relay',
  ],
  [() => import('./config/config.command.js'), 'config set', 'config unset', 'config show', 'config edit'],
  [() => import('./region.command.js'), 'region disconnect', 'region reconnect'],
  [() => import('./sensors.command.js'), 'sensors token', 'sensors revoke', 'token rotate'],
  [() => import('./shell.command.js'), 'shell'],
  [() => import('./settings.command.js'), 'settings'],
  [() => import('./render.command.js'), 'render'],
  [() => import('./modules.command.js'), 'init', 'build wasm'],
  [() => import('./images.command.js'), 'images build', 'images push'],
  [() => import('./serve.command.js'), 'proxy serve', 'relay serve', 'puller serve', 'queue serve', 'sensors serve'],
  [
    () => import('./queue.command.js'),
    'queue status',
    'queue peek',
    'queue dead-letters',
    'queue replay',
    'queue purge',
  ],
];
const NAMES = FILES.flatMap(([, ...names]) => names);

/**
 * The command that a command line names; its whole group where the second word names none; all commands where the first
 * word names no group. `words`: the arguments of the program.
 */
export async function loadCommands(words: string[]): Promise<CommandSpec[]> {
  const named = (count: number) => {
    const start = words.slice(0, count).join(' ');
    return NAMES.filter((name) => name.split(' ').slice(0, count).join(' ') === start);
  };
  const names = [named(2), named(1)].find(({ length }) => length > 0) ?? NAMES;
  const files = FILES.filter(([, ...own]) => own.some((name) => names.includes(name)));
  const found = (await Promise.all(files.map(([load]) => load())))
    .flatMap((file) => Object.values(file))
    .filter(isCommand);
  return names.flatMap((name) => found.filter((one) => one.name.replace(/ [[<].*/, '') === name));
}

const isCommand = (value: unknown): value is CommandSpec =>
  typeof value === 'object' && value !== null && 'action' in value;
