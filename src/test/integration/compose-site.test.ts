import { COMPOSE_ENV, composeMissing, crashContainer, PROJECT } from '../support/compose-support.js';
import { describeSite } from '../support/site-suite.js';

describeSite({
  network: 'compose',
  skip: composeMissing(),
  env: COMPOSE_ENV,
  killRelay: () => crashContainer(`${PROJECT}-relay-eu-1`),
  downArgs: ['--volumes'],
});
