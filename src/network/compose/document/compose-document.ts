/** The compose file: `templates/compose.yaml` with its nodes filled in; comments and anchors survive. */
import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { OWNER_LABEL } from '../../../docker/containers.js';
import { productImage } from '../../../docker/images.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import { REGIONS } from '../../network.js';
import { relayName } from '../../relays.js';
import type { DockerInside } from '../engine/nested-docker.js';

export type ServiceArgs = Record<'sqs-proxy' | 'sqs-puller' | 'queue' | 'relay', string[]>;

export interface ComposeOptions {
  nodesPerRegion: number;
  dockerInside: DockerInside;
  embeddedQueue: boolean;
  relays: boolean;
  /** With a server for the store. */
  postgres: boolean;
  /** State folder of the `up` that runs it; the label of everything that it creates. */
  owner?: string;
  args?: ServiceArgs;
  /** Comment at the top of the file. */
  heading: string[];
}

/** Where only containers of the network can listen. */
const STORE_URL = `postgres://sensors:\${POSTGRES_PASSWORD}@postgres/readings?sslmode=disable`;

export function composeDocument(options: ComposeOptions): string {
  const template = readFileSync(`${packageRoot}templates/compose.yaml`, 'utf8');
  const document = parseDocument(withEdgeNodes(template, options.nodesPerRegion));
  document.setIn(['x-product', 'image'], `\${WASM_SENSORS_IMAGE:-${productImage()}}`);
  const services = document.get('services') as YAMLMap;
  setRelays(document, services, options.relays);
  if (!options.embeddedQueue) dropQueue(document, services);
  setPostgres(document, services, options.postgres);
  setDockerInside(document, services, options.dockerInside);
  for (const [service, args] of Object.entries(options.args ?? {})) {
    const names = service === 'relay' ? REGIONS.map(relayName) : [service];
    for (const name of names)
      if (services.has(name)) for (const arg of args) services.addIn([name, 'command'], literal(arg));
  }
  if (options.owner !== undefined) labelOwner(document, literal(options.owner));
  document.commentBefore = options.heading.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 });
}

/** Labels containers, networks and volumes, to distinguish them from those of others. */
function labelOwner(document: Document, owner: string): void {
  for (const part of ['services', 'networks', 'volumes']) {
    const labels = document.createNode({ [OWNER_LABEL]: owner });
    for (const { value } of (document.get(part) as YAMLMap).items)
      if (isMap(value)) value.set('labels', labels.clone());
  }
}

/** A text in which Compose replaces no variables. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');

/** With `edge-us-2`, `edge-eu-2` …: copies of a region's only node with another name and other labels. */
function withEdgeNodes(template: string, perRegion: number): string {
  const [model = ''] = /^ {2}edge-eu-1:\n(?: {4}.*\n)+/m.exec(template) ?? [];
  const copies: string[] = [];
  for (let number = 2; number <= perRegion; number++) {
    for (const region of REGIONS) {
      const node = model.replaceAll('eu-1', `${region}-${number}`);
      copies.push(node.replaceAll('EU_1', `${region.toUpperCase()}_${number}`).replace(/\beu\b/g, region));
    }
  }
  return template.replace('\nnetworks:\n', (next) => `\n${copies.join('\n')}${next}`);
}

function setRelays(document: Document, services: YAMLMap, wanted: boolean): void {
  for (const name of REGIONS.map(relayName)) {
    if (wanted) services.deleteIn([name, 'profiles']);
    else {
      services.delete(name);
      document.deleteIn(['volumes', `${name}-data`]);
    }
  }
}

function setPostgres(document: Document, services: YAMLMap, wanted: boolean): void {
  if (!wanted) {
    services.delete('postgres');
    document.deleteIn(['volumes', 'postgres-data']);
    return;
  }
  services.deleteIn(['postgres', 'profiles']);
  services.setIn(['sqs-puller', 'environment', 'WASM_SENSORS_STORE'], STORE_URL);
  services.setIn(['sqs-puller', 'depends_on', 'postgres'], document.createNode({ condition: 'service_healthy' }));
}

function dropQueue(document: Document, services: YAMLMap): void {
  services.delete('queue');
  for (const service of ['sqs-proxy', 'sqs-puller']) document.deleteIn(['services', service, 'depends_on']);
  document.deleteIn(['volumes', 'queue-data']);
}

function setDockerInside(document: Document, services: YAMLMap, mode: DockerInside): void {
  if (mode === 'privileged') return;
  if (mode === 'none') {
    services.delete('web-services');
    document.deleteIn(['volumes', 'web-services-docker']);
    return;
  }
  const service = services.get('web-services') as YAMLMap;
  service.items = service.items.filter(({ key }) => !(isScalar(key) && key.value === 'privileged'));
  const { volumes = [], ...grants } = mode;
  for (const [name, value] of Object.entries(grants)) service.set(name, document.createNode(value));
  for (const volume of volumes) service.addIn(['volumes'], volume);
}
