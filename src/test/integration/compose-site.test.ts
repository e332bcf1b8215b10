import { COMPOSE_ENV, composeMissing, crashContainer, PROJECT } from '../support/compose-support.js';
import { describeSite } from '../support/site-suite.js';
import { Containers } from '../torture/machine/containers.js';

describeSite({
  network: 'compose',
  host: 'edge-eu-1',
  machine: (sandbox) => Containers.of(PROJECT, sandbox.dir),
  skip: composeMissing(),
  env: COMPOSE_ENV,
  killRelay: () => crashContainer(`${PROJECT}-relay-eu-1`),
  downArgs: ['--volumes'],
});
