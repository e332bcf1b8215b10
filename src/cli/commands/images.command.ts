import { docker, requireEngine } from '../../docker/docker-cli.js';
import { buildImage, imageMadeAt, productImage, pushImage } from '../../docker/images.js';
import { AppError } from '../../lib/errors/app-error.js';
import { command } from '../command.js';
import * as option from '../options.js';
import { bytesText } from '../output/terminal-text.js';

const tagOption = () =>
  option.value('--tag <tag>', 'tag of the image; default: this version', (tag, flag) =>
    /^\w[\w.-]{0,127}$/.test(tag) ? tag : option.refuse(flag, tag, 'is not a tag (letters, digits, _, . and -)'),
  );
const registryOption = () =>
  option.value('--registry <host>', 'registry, such as localhost:5000', registryHost, 'ghcr.io');

const WITHOUT_SCHEME = 'Images have the registry in their name, without a scheme: --registry localhost:5000';
const registryHost: option.Read<string> = (registry, flag) =>
  /:\/\//.test(registry) ? option.refuse(flag, registry, 'is a URL', WITHOUT_SCHEME) : registry;

export const imagesBuild = command({
  name: 'images build',
  summary: "build this program's Docker image, the same for every role",
  settings: [],
  options: {
    tag: tagOption(),
    registry: registryOption(),
    base: option.value('--base <image>', 'Node image to build on', option.text),
  },
  async action({ out, options }) {
    await requireEngine();
    const { tag, registry, base } = options;
    const image = productImage(tag, registry);
    out.progress(`building ${image}`);
    const { id, bytes } = await buildImage({
      image,
      // The name that the templates use.
      alsoAs: tag === undefined ? [productImage('latest', registry)] : [],
      base,
      onStep: (step) => out.progress(step),
    });
    out.result({ image, id, bytes }, () => `${image}  ${bytesText(bytes)}`);
  },
});

export const imagesPush = command({
  name: 'images push',
  summary: 'push the image to the registry',
  settings: [],
  options: { tag: tagOption(), registry: registryOption() },
  examples: ['wasm-sensors images push', 'wasm-sensors images push --registry localhost:5000'],
  async action({ out, options }) {
    await requireEngine();
    const image = productImage(options.tag, options.registry);
    const built = productImage(options.tag);
    const [own, usual] = await Promise.all([imageMadeAt(image), imageMadeAt(built)]);
    if (own === undefined && usual === undefined) {
      throw new AppError('IMAGE_NOT_BUILT', `there is no image ${built} to push`, {
        hint: 'Run `wasm-sensors images build` first.',
      });
    }
    // The image with the registry's name may be from an earlier build.
    if (usual !== undefined && usual > (own ?? '')) await docker(['tag', built, image]);
    out.progress(`pushing ${image}`);
    const digest = await pushImage(image, (done, total) => {
      if (done > 0) out.progress(`pushing ${image}: ${done}/${total} layers`);
    });
    out.result({ image, digest }, () => `pushed ${image}${digest ? ` (${digest})` : ''}`);
  },
});
