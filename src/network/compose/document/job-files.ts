/**
 * The job documents of a compose network as files for use by hand (`bacalhau job run -V …` in its client container): the
 * templates with their modules inside, and with what the network offers as defaults, so that every `-V` is optional.
 */
import { join } from 'node:path';
import type { Document, Scalar, YAMLSeq } from 'yaml';
import { productImage } from '../../../docker/images.js';
import { inTask, openTemplate, print, setHeading, setModule } from '../../../jobs/job-template.js';
import { setDataDir } from '../../../jobs/render-job.js';
import { writeFileAtomic } from '../../../lib/fs/durable-files.js';
import { readModule } from '../../../modules/module-files.js';
import { COMPOSE_PROXY, COMPOSE_RELAY, FOR_SERVICES } from '../compose-network.js';
import { PULLER_DATA } from '../compose-service-job.js';

/** Variables that nodes get from `templates/compose.yaml` and may forward to jobs; empty ones count as not set. */
const FOR_THESE_SERVICES = [...FOR_SERVICES, 'AWS_ENDPOINT_URL_SQS'];

/** By job; `usage`: variables for the command line in its heading. */
const JOBS = {
  publisher: {
    usage: "-V color='#00ff88' -V interval=1 -V region=eu",
    // One job serves all regions; each sensor reads its own from this variable.
    forwarded: ['REGION', 'SENSOR_TOKEN'],
  },
  'config-updater': { usage: "-V color='#FEFEFE'", forwarded: [] },
  proxy: { usage: '-V image=registry:5000/wasm-sensors', forwarded: [...FOR_THESE_SERVICES, 'SENSOR_TOKEN'] },
  puller: { usage: '-V image=registry:5000/wasm-sensors', forwarded: [...FOR_THESE_SERVICES, 'WASM_SENSORS_WEBHOOK'] },
} as const;

/** Writes one file a job below `jobs/`; resolves with their paths, relative to `folder`. Rejects with `MODULE_NOT_BUILT`. */
export async function writeJobFiles(folder: string, relays: boolean, read = readModule): Promise<string[]> {
  const paths: string[] = [];
  for (const name of ['publisher', 'config-updater', 'proxy', 'puller'] as const) {
    const { usage, forwarded } = JOBS[name];
    const path = `jobs/${name}.yaml`;
    const document = openTemplate(name);
    for (const variable of forwarded) document.setIn(inTask('env', variable), `env:${variable}`);
    if (name === 'publisher' || name === 'config-updater') {
      setModule(document, await read(name));
      useProxy(document, relays && name === 'publisher' ? COMPOSE_RELAY : COMPOSE_PROXY);
    } else useThisQueue(document);
    if (name === 'puller') setDataDir(document, PULLER_DATA);
    setHeading(document, [
      `Made by \`wasm-sensors\` from templates/jobs/${name}.yaml, for this network:`,
      ...(name === 'puller' ? ['  docker compose stop sqs-puller   (a queue has one consumer)'] : []),
      `  docker compose exec client bacalhau job run --wait=false ${usage} ${path}`,
    ]);
    writeFileAtomic(join(folder, path), print(document), 0o644);
    paths.push(path);
  }
  return paths;
}

/** The queue is the node's, unless `-V queue_url=…` names another. */
function useThisQueue(document: Document): void {
  const parameters = parametersOf(document);
  parameters.items = parameters.items.filter(({ value }) => !value.startsWith('--queue='));
  document.setIn(inTask('env', 'SQS_QUEUE_URL'), '{{or (index . "queue_url") "env:SQS_QUEUE_URL"}}');
  document.setIn(inTask('engine', 'params', 'image'), `{{or (index . "image") "${productImage()}"}}`);
}

/** The proxy is this one, unless `-V proxy=…` names another. */
function useProxy(document: Document, url: string): void {
  const proxy = parametersOf(document).items.find(({ value }) => value.startsWith('--proxy='))!;
  proxy.value = `--proxy={{or (index . "proxy") "${url}"}}`;
}

const parametersOf = (document: Document) =>
  document.getIn(inTask('engine', 'params', 'parameters')) as YAMLSeq<Scalar<string>>;
