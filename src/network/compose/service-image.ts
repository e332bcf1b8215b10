/** The program's image for service jobs, which take images from registries only. */
import { AppError } from '../../core/errors.js';
import { docker } from '../images/docker.js';
import { pushImage, tagImage } from '../images/images.js';
import type { ComposeFacts } from './facts.js';

/** The registry's name on the backbone network; on this machine it is localhost with the port of the facts. */
const INNER_REGISTRY = 'registry:5000';
const NAME = 'wasm-sensors';

/**
 * The name under which the node can fetch the network's image: pushed to the network's own registry where there is
 * one, else as it is if it came from a registry. Rejects with `IMAGE_NOT_IN_REGISTRY`.
 */
export async function serviceImage({ image, registryPort }: ComposeFacts): Promise<string> {
  const format = '{{.Id}} {{json .RepoDigests}}';
  const [id = '', digests = ''] = (await docker(['image', 'inspect', '--format', format, image])).split(' ');
  if (registryPort !== undefined) {
    // Named by its content, so that the node never runs an older one that it has under the same name.
    const tag = `${NAME}:${id.replace('sha256:', '').slice(0, 12)}`;
    const here = `localhost:${registryPort}/${tag}`;
    await tagImage(image, here);
    await pushImage(here, () => {});
    await docker(['image', 'rm', here]);
    return `${INNER_REGISTRY}/${tag}`;
  }
  const repository = image.replace(/:[^/:]*$/, '');
  if (digests.includes(`${repository}@`)) return image;
  throw new AppError('IMAGE_NOT_IN_REGISTRY', 'user', `${image} was built on this machine and is in no registry`, {
    hint:
      'Bacalhau runs Docker images from registries only. Start the network with a registry of its own ' +
      '(`wasm-sensors up --network compose --registry`), or push the image (`wasm-sensors images push`) and name it ' +
      'with --image.',
  });
}
