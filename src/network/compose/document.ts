/** The compose file: `templates/compose.yaml` with nodes set; comments and anchors survive. */
import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { packageRoot } from '../../lib/self.js';
import { productImage } from '../images/names.js';
import { REGIONS } from '../network.js';
import { OWNER_LABEL } from './project.js';

/** How the Docker inside `web-services` gets what it needs; `none` leaves that node out. */
export type DockerInside = 'privileged' | 'capabilities' | 'none';

export interface ComposeOptions {
  nodesPerRegion: number;
  dockerInside: DockerInside;
  /** The engine's control groups; decides how `capabilities` sees them. */
  cgroupVersion?: 1 | 2;
  /** False when another queue is used. */
  embeddedQueue: boolean;
  /** State folder of the `up` that runs it. */
  owner?: string;
  /** Further arguments of the proxy and the puller. */
  proxyArgs?: string[];
  pullerArgs?: string[];
  /** Said at the top of the file. */
  heading: string[];
}

/** As text. */
export function composeDocument(options: ComposeOptions): string {
  const document = parseDocument(readFileSync(`${packageRoot}templates/compose.yaml`, 'utf8'));
  document.setIn(['x-product', 'image'], `\${WASM_SENSORS_IMAGE:-${productImage()}}`);
  const services = document.get('services') as YAMLMap;
  addEdgeNodes(services, options.nodesPerRegion);
  if (!options.embeddedQueue) dropQueue(document, services);
  setDockerInside(document, services, options);
  for (const [service, args] of [
    ['sqs-proxy', options.proxyArgs],
    ['sqs-puller', options.pullerArgs],
  ] as const) {
    for (const arg of args ?? []) document.addIn(['services', service, 'command'], arg);
  }
  if (options.owner !== undefined) {
    const labels = { [OWNER_LABEL]: options.owner };
    for (const { value } of services.items) if (isMap(value)) value.set('labels', document.createNode(labels));
  }
  document.commentBefore = options.heading.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 });
}

/** `edge-us-2`, `edge-eu-2` …: copies of a region's only node, which differ in name and labels. */
function addEdgeNodes(services: YAMLMap, perRegion: number): void {
  const model = services.get('edge-eu-1') as YAMLMap;
  for (let number = 2; number <= perRegion; number++) {
    for (const region of REGIONS) {
      const name = `edge-${region}-${number}`;
      const node = model.clone() as YAMLMap;
      node.set('container_name', `\${COMPOSE_PROJECT_NAME:-bacalhau-edge}-${region}-${number}`);
      node.set('hostname', name);
      for (const item of (node.get('command') as { items: { value: string }[] }).items) {
        item.value = item.value.replace('edge-eu-1', name).replace('region=eu', `region=${region}`);
      }
      node.setIn(['environment', 'REGION'], region);
      node.setIn(['networks', 0], `region-${region}`);
      services.add({ key: name, value: node } as never);
    }
  }
}

function dropQueue(document: Document, services: YAMLMap): void {
  services.delete('queue');
  for (const service of ['sqs-proxy', 'sqs-puller']) document.deleteIn(['services', service, 'depends_on']);
  document.deleteIn(['volumes', 'queue-data']);
}

/**
 * Without `privileged` an engine needs these to start containers of its own (tried with Docker 20.10 in Docker 20.10).
 * With control groups of version 1 it also needs the real ones; with version 2 it has a writable tree of its own.
 */
function setDockerInside(
  document: Document,
  services: YAMLMap,
  { dockerInside, cgroupVersion }: Pick<ComposeOptions, 'dockerInside' | 'cgroupVersion'>,
): void {
  if (dockerInside === 'privileged') return;
  if (dockerInside === 'none') {
    services.delete('web-services');
    document.deleteIn(['volumes', 'web-services-docker']);
    return;
  }
  const service = services.get('web-services') as YAMLMap;
  service.items = service.items.filter(({ key }) => !(isScalar(key) && key.value === 'privileged'));
  service.set('cap_add', document.createNode(['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE']));
  const open = ['apparmor=unconfined', 'seccomp=unconfined', 'systempaths=unconfined'];
  service.set('security_opt', document.createNode(open));
  if (cgroupVersion !== 1) return;
  service.set('cgroup', 'host');
  service.addIn(['volumes'], '/sys/fs/cgroup:/sys/fs/cgroup:rw');
}
