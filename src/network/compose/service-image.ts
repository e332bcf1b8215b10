/** The program's image for service jobs, which take images from registries only. */

import { docker } from '../../docker/docker-cli.js';
import { pushImage, tagImage } from '../../docker/images.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { ComposeConnection } from './compose-connection.js';

/** The registry's name on the backbone network; on this machine it is localhost with the port of the connection. */
const INNER_REGISTRY = 'registry:5000';
const NAME = 'wasm-sensors';
const LOOK_UP_MS = 15_000;

/**
 * The name under which the node can fetch the network's image: pushed to the network's own registry where there is
 * one, else as it is, if its registry has it. Rejects with `IMAGE_NOT_IN_REGISTRY`.
 */
export async function serviceImage({
  image,
  registryPort,
}: Pick<ComposeConnection, 'image' | 'registryPort'>): Promise<string> {
  if (registryPort === undefined) {
    // The image here does not tell: engines give digests of a registry to images that were built here, too.
    await docker(['manifest', 'inspect', image], { timeoutMs: LOOK_UP_MS }).catch((cause) => {
      throw notInRegistry(image, cause);
    });
    return image;
  }
  const id = await docker(['image', 'inspect', '--format', '{{.Id}}', image]);
  // Named by its content, so that the node never runs an older one that it has under the same name.
  const tag = `${NAME}:${id.replace('sha256:', '').slice(0, 12)}`;
  const here = `localhost:${registryPort}/${tag}`;
  await tagImage(image, here);
  await pushImage(here, () => {});
  // Another call of this may just have done so.
  await docker(['image', 'rm', here]).catch((error) => {
    if (!/No such image/.test(`${messageOf(error)} ${error instanceof AppError ? error.details : ''}`)) throw error;
  });
  return `${INNER_REGISTRY}/${tag}`;
}

function notInRegistry(image: string, cause: unknown): AppError {
  return new AppError('IMAGE_NOT_IN_REGISTRY', 'user', `${image} can't be had from its registry`, {
    cause,
    details: [messageOf(cause)],
    hint:
      'Bacalhau runs Docker images from registries only. Start the network with a registry of its own ' +
      '(`wasm-sensors up --network compose --registry`), or push the image (`wasm-sensors images push`) and name it ' +
      'with --image.',
  });
}
