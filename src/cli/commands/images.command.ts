import { join } from 'node:path';
import { Option } from 'commander';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists } from '../../lib/fs/durable-files.js';
import type { CommandSpec } from '../command.js';
import { bytesText } from '../output/terminal-text.js';

const tagOption = () => new Option('--tag <tag>', 'tag of the image; default: this version');
const registryOption = () => new Option('--registry <host>', 'registry, such as localhost:5000').default('ghcr.io');

export const imagesBuild: CommandSpec = {
  name: 'images build',
  summary: "build this program's Docker image, the same for every role",
  modes: ['text', 'json'],
  options: [tagOption(), registryOption(), new Option('--base <image>', 'Node image to build on')],
  async action({ out, options }) {
    const { buildImage } = await import('../../docker/build-image.js');
    const { requireEngine } = await import('../../docker/docker-cli.js');
    await requireEngine();
    const image = await imageFrom(options);
    out.progress(`building ${image}`);
    const { id, bytes } = await buildImage({
      image,
      // The name that the templates use.
      alsoAs: options.tag === undefined ? [await imageFrom({ ...options, tag: 'latest' })] : [],
      ...(options.base === undefined ? {} : { base: String(options.base) }),
      onStep: (step) => out.progress(step),
    });
    out.result({ image, id, bytes }, () => `${image}  ${bytesText(bytes)}`);
    return 0;
  },
};

export const imagesLogin: CommandSpec = {
  name: 'images login',
  summary: 'log Docker in to the registry with GITHUB_USERNAME and GITHUB_PAT',
  modes: ['text', 'json'],
  options: [registryOption(), new Option('--username <name>', 'user name, instead of GITHUB_USERNAME')],
  async action({ out, options }) {
    const [{ login }, { requireEngine }] = await Promise.all([
      import('../../docker/images.js'),
      import('../../docker/docker-cli.js'),
    ]);
    const { username, password } = await readCredentials(options.username as string | undefined);
    await requireEngine();
    const registry = String(options.registry);
    out.progress(`logging in to ${registry} as ${username}`);
    await login(registry, username, password);
    out.result({ registry, username }, () => `logged in to ${registry} as ${username}`);
    return 0;
  },
};

export const imagesPush: CommandSpec = {
  name: 'images push',
  summary: 'push the image to the registry',
  modes: ['text', 'json'],
  options: [tagOption(), registryOption()],
  examples: ['wasm-sensors images push', 'wasm-sensors images push --registry localhost:5000'],
  async action({ out, options }) {
    const [{ imageMadeAt, pushImage, tagImage }, { requireEngine }, { productImage }] = await Promise.all([
      import('../../docker/images.js'),
      import('../../docker/docker-cli.js'),
      import('../../docker/image-names.js'),
    ]);
    await requireEngine();
    const image = await imageFrom(options);
    const built = productImage(options.tag as string | undefined);
    const [own, usual] = await Promise.all([imageMadeAt(image), imageMadeAt(built)]);
    if (own === undefined && usual === undefined) {
      throw new AppError('IMAGE_NOT_BUILT', `there is no image ${built} to push`, {
        hint: 'Run `wasm-sensors images build` first.',
      });
    }
    // The image with the registry's name may be from an earlier build.
    if (usual !== undefined && usual > (own ?? '')) await tagImage(built, image);
    out.progress(`pushing ${image}`);
    const digest = await pushImage(image, (done, total) => {
      if (done > 0) out.progress(`pushing ${image}: ${done}/${total} layers`);
    });
    out.result({ image, digest }, () => `pushed ${image}${digest ? ` (${digest})` : ''}`);
    return 0;
  },
};

async function imageFrom(options: Record<string, unknown>): Promise<string> {
  const { productImage } = await import('../../docker/image-names.js');
  const tag = options.tag as string | undefined;
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) {
    throw new AppError('BAD_OPTION', `--tag: ${JSON.stringify(tag)} is not a tag (letters, digits, _, . and -)`);
  }
  const registry = String(options.registry);
  if (/:\/\//.test(registry)) {
    throw new AppError('BAD_OPTION', `--registry: ${JSON.stringify(registry)} is a URL`, {
      hint: 'Images have the registry in their name, without a scheme: --registry localhost:5000',
    });
  }
  return productImage(tag, registry);
}

/** From the environment or `.env`, else asked for on a terminal. Rejects with `CREDENTIALS_MISSING` without one. */
async function readCredentials(given: string | undefined): Promise<{ username: string; password: string }> {
  const { parse } = await import('dotenv');
  const file = parse(readIfExists(join(process.cwd(), '.env')) ?? '');
  const value = (name: string) => process.env[name] || file[name] || undefined;
  const username = given ?? value('GITHUB_USERNAME');
  const password = value('GITHUB_PAT');
  if (username !== undefined && password !== undefined) return { username, password };
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    const missing = [...(username === undefined ? ['GITHUB_USERNAME'] : []), ...(password ? [] : ['GITHUB_PAT'])];
    throw new AppError('CREDENTIALS_MISSING', `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set`, {
      hint: 'Set them in the environment or in .env; the token needs the scope write:packages.',
    });
  }
  const { default: inquirer } = await import('inquirer');
  const asked = await inquirer.prompt<{ username?: string; password?: string }>([
    { type: 'input', name: 'username', message: 'GitHub user', when: username === undefined },
    {
      type: 'password',
      name: 'password',
      message: 'Token with the scope write:packages',
      mask: '*',
      when: password === undefined,
    },
  ]);
  return { username: username ?? asked.username ?? '', password: password ?? asked.password ?? '' };
}
