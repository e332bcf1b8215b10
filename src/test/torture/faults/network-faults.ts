import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/cli-harness.js';
import { BREAKS } from '../link.js';
import { HEALED_MS } from '../machine/machine.js';
import { type FaultKind, REGIONS } from './fault.js';

/** The deployed sensors of a region can't reach the proxy. */
export const CUT_REGION: FaultKind = {
  draw({ sandbox }, random) {
    const region = random.pick(REGIONS);
    const seconds = random.integer(2, 8);
    const link = async (verb: string) => (await sandbox.run(['region', verb, region])).code === 0;
    const happen = async () => {
      // It may be refused: what does it may be killed at the same time.
      await link('disconnect');
      await sleep(seconds * 1000);
      await eventually(`region ${region} reconnected`, () => link('reconnect'), HEALED_MS);
    };
    return { text: `cut region ${region} off for ${seconds} s`, target: region, happen };
  },
};

/** Another version of the deployed sensors comes while a region can't deliver; it may fail, as others may be killed then. */
export const DEPLOY_IN_OUTAGE: FaultKind = {
  draw({ sandbox }, random) {
    const region = random.pick(REGIONS);
    const seconds = random.integer(2, 6);
    const now = random.pick([true, false]);
    const link = async (verb: string) => (await sandbox.run(['region', verb, region])).code === 0;
    const happen = async () => {
      await link('disconnect');
      await sleep(seconds * 1000);
      await sandbox.run([
        'deploy',
        'publisher',
        '--interval',
        '0.5',
        '--timeout',
        '10',
        ...(now ? ['--now', '--yes'] : []),
      ]);
      await eventually(`region ${region} reconnected`, () => link('reconnect'), HEALED_MS);
    };
    const text = `cut region ${region} off for ${seconds} s, then deploy${now ? ' --now' : ''}`;
    return { text, target: region, happen };
  },
};

/** The clients that the checker knows can't, or don't hear the answers. */
export const BREAK_LINK: FaultKind = {
  draw({ link }, random) {
    const kind = random.pick(BREAKS);
    const seconds = random.integer(1, 6);
    const happen = async () => {
      link.set(kind);
      await sleep(seconds * 1000);
      link.set(undefined);
    };
    return { text: `the clients' link to the proxy: ${kind} for ${seconds} s`, target: 'link', happen };
  },
};
