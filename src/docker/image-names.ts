/** Names of images. */
import { packageVersion } from '../lib/process/self-command.js';

/** Where this program's images are published. */
export const DEFAULT_REGISTRY = 'ghcr.io';
const REPOSITORY = 'bacalhau-project/wasm-sensors';

/** A registry to run, as the compose file names it. */
export const REGISTRY_IMAGE = 'registry:2';

/** This program's image, of this very version by default. */
export function productImage(tag = packageVersion(), registry = DEFAULT_REGISTRY): string {
  return `${registry.replace(/\/+$/, '')}/${REPOSITORY}:${tag}`;
}

/** The image of a Bacalhau node; `version` is `1.9.3`, `v1.9.3` or `latest`. */
export function bacalhauImage(version: string, withDocker = false): string {
  return `ghcr.io/bacalhau-project/bacalhau:${bacalhauTag(version)}${withDocker ? '-dind' : ''}`;
}

/** Released versions have a `v` in their tags. */
export const bacalhauTag = (version: string): string => (/^\d/.test(version) ? `v${version}` : version);
