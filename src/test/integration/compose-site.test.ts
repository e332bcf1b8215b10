import { COMPOSE_ENV, composeMissing, crashContainer, PROJECT } from '../support/compose-support.js';
import { NODES_ENDED } from '../support/kept-readings.js';
import { describeSite } from '../support/site-suite.js';
import { Containers } from '../torture/machine/containers.js';

describeSite({
  network: 'compose',
  skip: composeMissing(),
  env: COMPOSE_ENV,
  risks: NODES_ENDED,
  machine: (sandbox) => Containers.of(PROJECT, sandbox.dir),
  killRelay: () => crashContainer(`${PROJECT}-relay-eu-1`),
  downArgs: ['--volumes'],
});
