import { basename } from 'node:path';
import { AppError } from '../../../lib/errors/app-error.js';
import { deployModule } from '../../../operations/deploy/deploy-module.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import * as option from '../../options.js';
import { deployModuleText } from '../../output/deploy-text.js';
import { openDeployTarget } from '../../targets.js';

export const deployModuleCommand = command({
  name: 'deploy module <file>',
  summary: 'run any WASI module on every edge node, replacing the one of this name',
  settings: ['stateDir', 'tlsCa'],
  options: {
    name: option.value('--name <name>', 'name of the module (default: that of the file)', option.text),
    regions: option.regions(),
    parameters: option.list('--param <text>', 'a parameter; {proxy} and {region} stand for those of its region'),
    env: option.list('--env <name=value>', 'a variable, with the same placeholders; it also has PROXY_URL and REGION'),
    allow: option.allow(),
    once: option.flag('--once', 'run it once on every node: one that exits is not started again'),
    takeOver: option.takeOver(),
    timeoutMs: option.timeout(60),
  },
  examples: [
    'wasm-sensors deploy module ./thermo.wasm --env INTERVAL=5',
    'wasm-sensors deploy module ./publisher.wasm --param=--proxy={proxy} --param=--region={region} --param=--interval=1',
  ],
  async action({ out, settings, options, args: { file } }) {
    const name = nameOf(file, options.name);
    const env = envFrom(options.env);
    const target = await openDeployTarget(openSession(settings), settings);
    const wanted = { ...options, file, name, env };
    const result = await deployModule(target, { ...wanted, onProgress: (step) => out.progress(step) });
    out.result(result, () => deployModuleText(result));
  },
});

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_NAME = 40;

/** As given, else that of the file. Throws `BAD_OPTION`. */
function nameOf(file: string, given: string | undefined): string {
  const base = basename(file.toLowerCase(), '.wasm').replace(/[^a-z0-9]+/g, '-');
  const name = given ?? base.replace(/^-|-$/g, '').slice(0, MAX_NAME);
  if (NAME.test(name) && name.length <= MAX_NAME) return name;
  return option.refuse(
    '--name',
    name,
    'is not a name',
    `Use lower-case letters, digits and single dashes, at most ${MAX_NAME}.`,
  );
}

/** From `NAME=value` words; throws `BAD_OPTION`. */
function envFrom(words: string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
      if (name === undefined || value === undefined) return option.refuse('--env', word, 'is not NAME=value');
      if (!name.startsWith('BACALHAU_')) return [name, value];
      throw new AppError('BAD_OPTION', `--env: ${name} is set by the node`, {
        hint: 'Names that begin with BACALHAU_ are reserved.',
      });
    }),
  );
}
