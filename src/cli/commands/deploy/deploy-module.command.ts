import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { deployModule } from '../../../operations/deploy/deploy-module.js';
import { foreignModules } from '../../../operations/deploy/job-owners.js';
import { openSession } from '../../../runtime/session.js';
import type { CommandSpec } from '../../command.js';
import {
  allowFrom,
  allowOption,
  listOption,
  regionsOption,
  takeOverOption,
  timeoutMs,
  timeoutOption,
} from '../../command-options.js';
import { askTakeOver } from '../../confirm.js';
import { deployModuleProgressText, deployModuleText } from '../../output/module-text.js';
import { openDeployTarget } from '../../targets.js';

export const deployModuleCommand: CommandSpec = {
  name: 'deploy module <file>',
  summary: 'run any WASI module on every edge node, replacing the one of this name',
  modes: ['text', 'json'],
  settings: ['stateDir', 'tlsCa'],
  options: [
    new Option('--name <name>', 'name of the module (default: that of the file)'),
    regionsOption(),
    listOption('--param <text>', 'a parameter; {proxy} and {region} stand for those of its region'),
    listOption('--env <name=value>', 'a variable, with the same placeholders; it also has PROXY_URL and REGION'),
    allowOption(),
    new Option('--once', 'run it once on every node: one that exits is not started again'),
    takeOverOption(),
    timeoutOption(60),
  ],
  examples: [
    'wasm-sensors deploy module ./thermo.wasm --env INTERVAL=5',
    'wasm-sensors deploy module ./publisher.wasm --param=--proxy={proxy} --param=--region={region} --param=--interval=1',
  ],
  async action({ out, settings, options, args }) {
    const file = args[0]!;
    const name = nameOf(file, options.name);
    const env = envFrom((options.env as string[] | undefined) ?? []);
    const session = openSession(settings);
    const target = await openDeployTarget(session, settings);
    const regions = options.region as string[] | undefined;
    const takeOver = await askTakeOver(out, options.takeOver === true, () =>
      foreignModules(target.network, name, regions),
    );
    const result = await deployModule(target, {
      ...{ file, name, env, takeOver, timeoutMs: timeoutMs(options) },
      ...(regions === undefined ? {} : { regions }),
      parameters: (options.param as string[] | undefined) ?? [],
      once: options.once === true,
      allow: allowFrom(options),
      onProgress: (progress) => out.progress(deployModuleProgressText(name, progress)),
    });
    out.result(result, () => deployModuleText(result));
    return 0;
  },
};

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_NAME = 40;

/** Throws `BAD_OPTION`. */
function nameOf(file: string, given: unknown): string {
  if (given !== undefined) return requireName(String(given));
  const base = file
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.wasm$/i, '');
  return requireName(
    base
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, MAX_NAME),
  );
}

function requireName(name: string): string {
  if (NAME.test(name) && name.length <= MAX_NAME) return name;
  throw new AppError('BAD_OPTION', `--name: ${JSON.stringify(name)} is not a name`, {
    hint: `Use lower-case letters, digits and single dashes, at most ${MAX_NAME}.`,
  });
}

/** From `NAME=value` words; throws `BAD_OPTION`. */
function envFrom(words: string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
      if (name === undefined || value === undefined) {
        throw new AppError('BAD_OPTION', `--env: ${JSON.stringify(word)} is not NAME=value`);
      }
      if (!name.startsWith('BACALHAU_')) return [name, value];
      throw new AppError('BAD_OPTION', `--env: ${name} is set by the node`, {
        hint: 'Names that begin with BACALHAU_ are reserved.',
      });
    }),
  );
}
