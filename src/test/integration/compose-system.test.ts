import { COMPOSE_ENV, composeMissing, crashContainer, leftOver, PROJECT } from '../support/compose-support.js';
import { describeSystem } from '../support/system-suite.js';

const SERVICES = { proxy: 'sqs-proxy', puller: 'sqs-puller', queue: 'queue' };

describeSystem({
  network: 'compose',
  skip: composeMissing(),
  env: COMPOSE_ENV,
  kill: (_, service) => crashContainer(`${PROJECT}-${SERVICES[service]}-1`),
  interval: '0.1',
  leftOver,
  downArgs: ['--volumes'],
});
