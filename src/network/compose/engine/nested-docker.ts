/** Whether and how this engine lets a container run its own Docker. */
import { docker } from '../../../docker/docker-cli.js';
import { type AppError, messageOf } from '../../../lib/errors/app-error.js';

/** What a container gets instead of `privileged`, under the names of the compose file. */
export interface Grants {
  cap_add: string[];
  security_opt: string[];
  cgroup?: 'host';
  /** Beside its own. */
  volumes?: string[];
}

/** What the Docker inside `web-services` is granted; with `none` the network has no such node. */
export type DockerInside = 'privileged' | 'none' | Grants;

/** Enough for an engine that starts containers of its own (tried with Docker 20.10 in Docker 20.10). */
const CAPABILITIES = ['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE'];
const UNCONFINED = ['apparmor=unconfined', 'seccomp=unconfined', 'systempaths=unconfined'];
const TRIAL_MS = 60_000;

/** Grants by the version of the engine's control groups, in which the Docker inside makes groups of its own. */
export const GRANTS: Record<'1' | '2', Grants> = {
  '1': {
    cap_add: CAPABILITIES,
    security_opt: UNCONFINED,
    cgroup: 'host',
    volumes: ['/sys/fs/cgroup:/sys/fs/cgroup:rw'],
  },
  // Read-only without this option, which Docker 28 brought.
  '2': { cap_add: CAPABILITIES, security_opt: [...UNCONFINED, 'writable-cgroups=true'] },
};

/** Tries it, because what an engine allows depends on its machine. `why`: the reason for `none`. */
export async function probeDockerInside(image: string): Promise<{ mode: DockerInside; why?: string }> {
  try {
    await trial(image, ['--privileged']);
    return { mode: 'privileged' };
  } catch (error) {
    if ((error as AppError).code !== 'PRIVILEGED_DENIED') return { mode: 'none', why: messageOf(error) };
  }
  try {
    const grants = GRANTS[(await docker(['info', '--format', '{{.CgroupVersion}}'])) === '1' ? '1' : '2'];
    await trial(image, argumentsOf(grants));
    return { mode: grants };
  } catch (error) {
    const why = `neither a privileged container nor one with capabilities may run: ${messageOf(error)}`;
    return { mode: 'none', why };
  }
}

/** An engine may accept the options and still mount the control groups read-only. */
async function trial(image: string, grants: string[]): Promise<void> {
  const command = ['--entrypoint', 'test', image, '-w', '/sys/fs/cgroup'];
  await docker(['run', '--rm', '--network', 'none', ...grants, ...command], { timeoutMs: TRIAL_MS });
}

function argumentsOf({ cap_add, security_opt, cgroup, volumes = [] }: Grants): string[] {
  return [
    ...cap_add.map((capability) => `--cap-add=${capability}`),
    ...security_opt.map((option) => `--security-opt=${option}`),
    ...(cgroup === undefined ? [] : [`--cgroupns=${cgroup}`]),
    ...volumes.map((volume) => `--volume=${volume}`),
  ];
}
