/** The job documents of this network, for use by hand in its client container. */
import type { Document, Scalar, YAMLSeq } from 'yaml';
import { productImage } from '../../../docker/image-names.js';
import { setDataDir } from '../../../jobs/job-document.js';
import type { JobFileName, JobFilesTarget } from '../../../jobs/job-files.js';
import { inTask } from '../../../jobs/job-template.js';
import { COMPOSE_PROXY } from '../compose-network.js';
import { PULLER_DATA } from '../compose-service-job.js';

/** Variables that nodes get from `templates/compose.yaml` and may forward to jobs; empty ones count as not set. */
const FOR_SERVICES = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_ENDPOINT_URL_SQS'],
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
