/** Whether, and how, a container may run a Docker of its own here. */
import { docker } from '../images/docker.js';
import type { ComposeOptions } from './document.js';

/** Tries it: what engines allow depends on the machine they are on. */
export async function probeDockerInside(
  image: string,
): Promise<Pick<ComposeOptions, 'dockerInside' | 'cgroupVersion'>> {
  const trial = ['run', '--rm', '--privileged', '--network', 'none', '--entrypoint', 'true', image];
  try {
    await docker(trial, { timeoutMs: 20_000 });
    return { dockerInside: 'privileged' };
  } catch {
    const version = await docker(['info', '--format', '{{.CgroupVersion}}']);
    return { dockerInside: 'capabilities', cgroupVersion: version === '1' ? 1 : 2 };
  }
}
