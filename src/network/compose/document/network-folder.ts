/** The files of a compose network, in one folder that `docker compose` can run without this program. */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Document, Scalar, YAMLSeq } from 'yaml';
import { productImage } from '../../../docker/images.js';
import { ANY_CLUSTER, type JobFileName, type JobFilesTarget, writeJobFiles } from '../../../jobs/job-files.js';
import { inTask } from '../../../jobs/job-template.js';
import { setDataDir } from '../../../jobs/render-job.js';
import { writeFileAtomic } from '../../../lib/fs/durable-files.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import { readModule } from '../../../modules/module-files.js';
import { COMPOSE_PROXY } from '../compose-network.js';
import { PULLER_DATA } from '../compose-service-job.js';
import { type ComposeOptions, composeDocument } from './compose-document.js';

const TEMPLATES = join(packageRoot, 'templates');
/** What `templates/Dockerfile` copies into the image. */
const PROGRAM = ['package.json', 'npm-shrinkwrap.json', 'bin', 'dist', 'templates'];

/**
 * Writes `compose.yaml`, `nodes/`, `jobs/` and `shared/`, where existing files stay; resolves with the paths, relative to
 * the folder. Rejects with `MODULE_NOT_BUILT`.
 */
export async function writeNetworkFiles(folder: string, options: ComposeOptions): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  writeFileAtomic(join(folder, 'compose.yaml'), composeDocument(options), 0o644);
  const copied = [...copyFolder('nodes', folder, true), ...copyFolder('shared', folder, false)];
  const jobs = await writeJobFiles(join(folder, 'jobs'), readModule, THIS_NETWORK);
  return ['compose.yaml', ...copied, ...jobs.map((path) => path.slice(folder.length + 1))];
}

/**
 * Writes what another machine needs: `.env.template`, `image/` (a Dockerfile and what it copies), and `cluster-jobs/`, the
 * job documents for any cluster. Resolves with the paths, as {@link writeNetworkFiles}. Rejects with `MODULE_NOT_BUILT`.
 */
export async function writeExtras(folder: string): Promise<string[]> {
  copyFileSync(join(TEMPLATES, 'env.template'), join(folder, '.env.template'));
  const image = join(folder, 'image');
  for (const name of PROGRAM) cpSync(join(packageRoot, name), join(image, name), { recursive: true });
  copyFileSync(join(TEMPLATES, 'Dockerfile'), join(image, 'Dockerfile'));
  const jobs = await writeJobFiles(join(folder, 'cluster-jobs'), readModule, ANY_CLUSTER);
  return ['.env.template', 'image/Dockerfile', ...jobs.map((path) => path.slice(folder.length + 1))];
}

function copyFolder(name: string, folder: string, replace: boolean): string[] {
  const target = join(folder, name);
  mkdirSync(target, { recursive: true });
  // Users of the containers must be able to read them.
  chmodSync(target, 0o755);
  return readdirSync(join(TEMPLATES, name)).map((file) => {
    const path = join(target, file);
    if (replace || !existsSync(path)) copyFileSync(join(TEMPLATES, name, file), path);
    chmodSync(path, 0o644);
    return join(name, file);
  });
}

/** Variables that nodes get from `templates/compose.yaml` and may forward to jobs; empty ones count as not set. */
const FOR_SERVICES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_ENDPOINT_URL_SQS',
  'WASM_SENSORS_TOKEN',
  'WASM_SENSORS_VIEWER_TOKEN',
];
const FORWARDED: Record<JobFileName, string[]> = {
  // One job serves all regions; each sensor reads its own from this variable.
  publisher: ['REGION', 'SENSOR_TOKEN'],
  'config-updater': [],
  proxy: [...FOR_SERVICES, 'SENSOR_TOKEN'],
  puller: [...FOR_SERVICES, 'WASM_SENSORS_WEBHOOK'],
};

/** What distinguishes these documents from those for any cluster: every `-V` is optional. */
export const THIS_NETWORK: JobFilesTarget = {
  name: 'this network',
  bacalhau: 'docker compose exec client bacalhau',
  variables: {
    publisher: "-V color='#00ff88' -V interval=1 -V region=eu",
    'config-updater': "-V color='#FEFEFE'",
    proxy: '-V image=registry:5000/wasm-sensors',
    puller: '-V image=registry:5000/wasm-sensors',
  },
  before: { puller: 'docker compose stop sqs-puller   (a queue has one consumer)' },
  adapt: adaptToNetwork,
};

function adaptToNetwork(name: JobFileName, document: Document): void {
  for (const variable of FORWARDED[name]) document.setIn(inTask('env', variable), `env:${variable}`);
  if (name === 'proxy' || name === 'puller') {
    useThisQueue(document);
    document.setIn(inTask('engine', 'params', 'image'), `{{or (index . "image") "${productImage()}"}}`);
  } else useComposeProxy(document);
  if (name === 'puller') setDataDir(document, PULLER_DATA);
}

/** The queue is the node's, unless `-V queue_url=…` names another. */
function useThisQueue(document: Document): void {
  const parameters = parametersOf(document);
  parameters.items = parameters.items.filter(({ value }) => !value.startsWith('--queue='));
  document.setIn(inTask('env', 'SQS_QUEUE_URL'), '{{or (index . "queue_url") "env:SQS_QUEUE_URL"}}');
}

/** The proxy is this network's own, unless `-V proxy=…` names another. */
function useComposeProxy(document: Document): void {
  const proxy = parametersOf(document).items.find(({ value }) => value.startsWith('--proxy='))!;
  proxy.value = `--proxy={{or (index . "proxy") "${COMPOSE_PROXY}"}}`;
}

const parametersOf = (document: Document) =>
  document.getIn(inTask('engine', 'params', 'parameters')) as YAMLSeq<Scalar<string>>;
