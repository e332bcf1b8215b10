/**
 * Every command, in the order of `--help`. A command line loads only those that it may mean: all of them together take
 * 300 ms.
 */
import type { CommandSpec } from '../command.js';

/** A file, and the commands that it exports, by name, without arguments. */
type Row = [load: () => Promise<object>, ...names: string[]];

/** By the headings of `--help`; a group, such as `queue`, stands where its first command does. */
const TABLE: Record<string, Row[]> = {
  'Run:': [
    [() => import('./demo.command.js'), 'demo'],
    [() => import('./up/up.command.js'), 'up'],
    [() => import('./watch/top.command.js'), 'top'],
    [() => import('./up/down.command.js'), 'down'],
    [() => import('./watch/status.command.js'), 'status'],
    [() => import('./doctor.command.js'), 'doctor'],
    [() => import('./watch/logs.command.js'), 'logs'],
  ],
  'Readings:': [
    [() => import('./watch/tail.command.js'), 'tail'],
    [() => import('./store/history.command.js'), 'plot', 'history'],
    [() => import('./store/query.command.js'), 'query', 'export'],
    [() => import('./store/copy.command.js'), 'store copy'],
  ],
  'Sensors and modules:': [
    [() => import('./deploy/deploy-publisher.command.js'), 'deploy publisher'],
    [() => import('./deploy/deploy-module.command.js'), 'deploy module'],
    [() => import('./deploy/deploy-service.command.js'), ...of('deploy', 'proxy', 'puller', 'relay')],
    [() => import('./deploy/deploy-config-updater.command.js'), 'deploy config-updater'],
    [() => import('./deploy/stop.command.js'), ...of('stop', 'publisher', 'module', 'proxy', 'puller', 'relay')],
    [() => import('./config/config.command.js'), ...of('config', 'set', 'unset', 'show', 'edit')],
    [() => import('./region.command.js'), 'region disconnect', 'region reconnect'],
    [() => import('./sensors.command.js'), 'sensors token', 'sensors revoke', 'token rotate'],
    [() => import('./modules.command.js'), 'init', 'build wasm'],
  ],
  'Set-up:': [
    [() => import('./shell.command.js'), 'shell'],
    [() => import('./settings.command.js'), 'settings'],
    [() => import('./render.command.js'), 'render'],
    [() => import('./images.command.js'), 'images build', 'images push'],
  ],
  'Single services:': [
    [() => import('./serve.command.js'), 'proxy serve', 'relay serve', 'puller serve', 'queue serve', 'sensors serve'],
    [() => import('./queue.command.js'), ...of('queue', 'status', 'peek', 'dead-letters', 'replay', 'purge')],
  ],
};

function of(group: string, ...names: string[]): string[] {
  return names.map((name) => `${group} ${name}`);
}

/** What the groups are for. */
export const GROUPS: Record<string, string> = {
  deploy: 'run sensors, modules of your own, or the proxy and the puller, as jobs',
  stop: 'stop what `deploy` runs',
  config: 'show and change what running sensors do',
  region: 'cut the link of a region, and restore it',
  sensors: 'tokens of single nodes, and nodes that may not send any more',
  token: 'the key of the sensor tokens',
  build: 'compile the modules of the sensors',
  images: "build and push this program's Docker image",
  proxy: 'the proxy alone, which takes readings from sensors',
  relay: 'the proxy of a site, which keeps readings on its disk while the cloud is away',
  puller: 'the puller alone, which takes readings from the queue',
  store: 'move the store of readings',
  queue: 'look into the queue and its dead letters, or run a queue server',
};

const COMMANDS = Object.entries(TABLE).flatMap(([heading, rows]) =>
  rows.flatMap(([load, ...names]) => names.map((name) => ({ heading, load, name, path: name.split(' ') }))),
);

/** The heading of a command or group. */
export const headingOf = (word: string): string => COMMANDS.find(({ path }) => path[0] === word)?.heading ?? '';

/**
 * The command that a command line names; its whole group where the second word names none; all commands where the first
 * word names no group. `words`: the arguments of the program.
 */
export async function loadCommands(words: string[]): Promise<CommandSpec[]> {
  const named = (count: number) =>
    COMMANDS.filter(({ path }) => path.slice(0, count).join(' ') === words.slice(0, count).join(' '));
  const wanted = [named(2), named(1)].find(({ length }) => length > 0) ?? COMMANDS;
  const files = await Promise.all([...new Set(wanted.map(({ load }) => load))].map((load) => load()));
  const found = files.flatMap((file) => Object.values(file)).filter(isCommand);
  return wanted.flatMap(({ name }) => found.filter((one) => one.name.replace(/ [[<].*/, '') === name));
}

const isCommand = (value: unknown): value is CommandSpec =>
  typeof value === 'object' && value !== null && 'action' in value;
