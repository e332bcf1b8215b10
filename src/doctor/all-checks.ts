/** Every check of `doctor`, in the order in which it is shown: the machine first, then what builds on it. */
import type { Check } from './check.js';
import { awsIdentity } from './checks/aws-identity.check.js';
import { bacalhauProgram } from './checks/bacalhau-program.check.js';
import { clock } from './checks/clock.check.js';
import { cluster } from './checks/cluster.check.js';
import { disk } from './checks/disk.check.js';
import { dockerCompose } from './checks/docker-compose.check.js';
import { dockerEngine } from './checks/docker-engine.check.js';
import { dockerProject } from './checks/docker-project.check.js';
import { images } from './checks/images.check.js';
import { memory } from './checks/memory.check.js';
import { networkSettings } from './checks/network-settings.check.js';
import { nodeVersion } from './checks/node-version.check.js';
import { nodes } from './checks/nodes.check.js';
import { orphans } from './checks/orphans.check.js';
import { ports } from './checks/ports.check.js';
import { proxyUrl } from './checks/proxy-url.check.js';
import { queueAccess } from './checks/queue-access.check.js';
import { stateFiles } from './checks/state-files.check.js';
import { stateFolder } from './checks/state-folder.check.js';
import { tokens } from './checks/tokens.check.js';

export const CHECKS: Check[] = [
  ...[nodeVersion, disk, memory, clock],
  ...[stateFolder, stateFiles, tokens, orphans],
  ...[networkSettings, ports, bacalhauProgram, cluster, nodes, proxyUrl],
  ...[dockerEngine, dockerCompose, dockerProject, images],
  ...[awsIdentity, queueAccess],
];
