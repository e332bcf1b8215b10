import { expect } from 'vitest';
import { eventually, type Sandbox } from '../support/cli-harness.js';
import { COMPOSE_ENV, composeMissing, crashContainer, docker, leftOver, PROJECT } from '../support/compose-support.js';
import { describeSystem } from '../support/system-suite.js';

const SERVICES = { proxy: 'sqs-proxy', puller: 'sqs-puller', queue: 'queue' };

/** `up` starts again what was killed by hand. */
async function killContainer(sandbox: Sandbox, service: string): Promise<void> {
  const name = `${PROJECT}-${service}-1`;
  const startedAt = () => docker('inspect', '--format', '{{.State.Running}} {{.State.StartedAt}}', name);
  const before = await startedAt();
  await docker('kill', name);
  await eventually(`${name} running again`, async () => {
    const now = await startedAt();
    return now.startsWith('true') && now !== before;
  });
  const { stdout } = await sandbox.run(['logs', 'up']);
  expect(stdout).toContain(`${service} was stopped (exit code 137); starting it again`);
}

describeSystem({
  network: 'compose',
  skip: composeMissing(),
  env: COMPOSE_ENV,
  kill: (sandbox, service) =>
    service === 'puller'
      ? killContainer(sandbox, SERVICES[service])
      : crashContainer(`${PROJECT}-${SERVICES[service]}-1`),
  interval: '0.2',
  // Sensors that send to the proxy themselves are those of `compose-seed`.
  killRelay: () => crashContainer(`${PROJECT}-relay-eu-1`),
  leftOver,
  downArgs: ['--volumes'],
});
