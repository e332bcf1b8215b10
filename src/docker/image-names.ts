/** Names of images. */
import { packageVersion } from '../lib/process/self-command.js';

/** Where the images of this program are published. */
const DEFAULT_REGISTRY = 'ghcr.io';
const REPOSITORY = 'bacalhau-project/wasm-sensors';

/** The image of a registry, as in the compose file. */
export const REGISTRY_IMAGE = 'registry:2';

/** The image of this program, of its own version by default. */
export function productImage(tag = packageVersion(), registry = DEFAULT_REGISTRY): string {
  return `${registry.replace(/\/+$/, '')}/${REPOSITORY}:${tag}`;
}

/** The image of a Bacalhau node; `version` is `1.9.3`, `v1.9.3` or `latest`. */
export function bacalhauImage(version: string, withDocker = false): string {
  return `ghcr.io/bacalhau-project/bacalhau:${bacalhauTag(version)}${withDocker ? '-dind' : ''}`;
}

/** The tag of a version: those of releases begin with `v`. */
export const bacalhauTag = (version: string): string => (/^\d/.test(version) ? `v${version}` : version);
