/**
 * The job documents for use by hand (`bacalhau job run -V … jobs/proxy.yaml`): the templates with their modules inside,
 * and with what this network offers as defaults.
 */
import { join } from 'node:path';
import type { Document, Scalar, YAMLSeq } from 'yaml';
import { writeFileAtomic } from '../../lib/files.js';
import { productImage } from '../images/names.js';
import type { JobSurroundings } from '../jobs/render.js';
import { setDataDir } from '../jobs/service.js';
import { inTask, openTemplate, print, setHeading, setModule, type TemplateName } from '../jobs/template.js';
import { COMPOSE_PROXY } from './proxies.js';
import { PULLER_DATA } from './services.js';

/** Variables that `templates/compose.yaml` gives to nodes, and lets them forward; empty ones count as not set. */
const FOR_SERVICES = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_ENDPOINT_URL_SQS'],
  'WASM_SENSORS_TOKEN',
];
const FORWARDED: Record<TemplateName, string[]> = {
  // One job for all regions tells each sensor its own.
  publisher: ['REGION', 'SENSOR_TOKEN'],
  'config-updater': [],
  proxy: [...FOR_SERVICES, 'SENSOR_TOKEN'],
  puller: [...FOR_SERVICES, 'WASM_SENSORS_WEBHOOK'],
};

/** Every `-V` is optional. */
const HINTS: Record<TemplateName, string> = {
  publisher: "-V color='#00ff88' -V interval=1 -V region=eu",
  'config-updater': "-V color='#FEFEFE'",
  proxy: '-V image=registry:5000/wasm-sensors',
  puller: '-V image=registry:5000/wasm-sensors',
};

/** Writes one file a role into `folder` (made when missing); resolves with their paths. Rejects with `MODULE_NOT_BUILT`. */
export async function writeJobFiles(folder: string, modules: JobSurroundings['module']): Promise<string[]> {
  const paths: string[] = [];
  for (const name of Object.keys(HINTS) as TemplateName[]) {
    const document = openTemplate(name);
    if (name === 'publisher' || name === 'config-updater') setModule(document, await modules(name));
    fitToNetwork(name, document);
    setHeading(document, [
      `Made by \`wasm-sensors\` from templates/jobs/${name}.yaml, for this network:`,
      ...(name === 'puller' ? ['  docker compose stop sqs-puller   (a queue has one consumer)'] : []),
      `  docker compose exec client bacalhau job run --wait=false ${HINTS[name]} jobs/${name}.yaml`,
    ]);
    const path = join(folder, `${name}.yaml`);
    writeFileAtomic(path, print(document), 0o644);
    paths.push(path);
  }
  return paths;
}

function fitToNetwork(name: TemplateName, document: Document): void {
  for (const variable of FORWARDED[name]) document.setIn(inTask('env', variable), `env:${variable}`);
  if (name === 'proxy' || name === 'puller') {
    useThisQueue(document);
    document.setIn(inTask('engine', 'params', 'image'), `{{or (index . "image") "${productImage()}"}}`);
  } else useComposeProxy(document);
  if (name === 'puller') setDataDir(document, PULLER_DATA);
}

/** The queue that the node knows, unless `-V queue_url=…` names another. */
function useThisQueue(document: Document): void {
  const parameters = parametersOf(document);
  parameters.items = parameters.items.filter(({ value }) => !value.startsWith('--queue='));
  document.setIn(inTask('env', 'SQS_QUEUE_URL'), '{{or (index . "queue_url") "env:SQS_QUEUE_URL"}}');
}

/** Without `-V proxy=…`, this network's own. */
function useComposeProxy(document: Document): void {
  const proxy = parametersOf(document).items.find(({ value }) => value.startsWith('--proxy='))!;
  proxy.value = `--proxy={{or (index . "proxy") "${COMPOSE_PROXY}"}}`;
}

const parametersOf = (document: Document) =>
  document.getIn(inTask('engine', 'params', 'parameters')) as YAMLSeq<Scalar<string>>;
