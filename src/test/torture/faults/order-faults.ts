/**
 * Orders of kills: readings are sent, then programs are killed and stopped one after the other and started again, and
 * nothing is sent meanwhile. Readings that arrive make a program look at its files, and so hide what the kills did to them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { signalAll } from '../../../lib/process/process-id.js';
import { readRunState } from '../../../runtime/run-state.js';
import { sendLoad } from '../clients.js';
import { HEALED_MS } from '../machine/machine.js';
import { type FaultKind, REGIONS, untilHealthy, type Victim } from './fault.js';

interface Step {
  text: string;
  happen(victim: Victim): unknown;
  endsUp?: boolean;
}

const MAX_READINGS = 100;
const MAX_STEPS = 4;
/** Between two steps: nothing, or time for readings to be stored, for a successor to start, and for children to end. */
const PAUSES_MS = [0, 0, 200, 800, 2500];

const signalUp = ({ sandbox }: Victim, signal: NodeJS.Signals) => {
  const up = readRunState(sandbox.stateDir)?.up;
  if (up) signalAll([up], signal);
};

const KILL_UP: Step = { text: 'kill -9 up', endsUp: true, happen: (victim) => signalUp(victim, 'SIGKILL') };
const STEPS: Step[] = [
  KILL_UP,
  KILL_UP,
  {
    text: 'kill -9 everything',
    endsUp: true,
    happen(victim) {
      KILL_UP.happen(victim);
      return victim.machine.crash(victim.machine.names);
    },
  },
  // Not waited for: the next step may hit while it stops.
  { text: 'SIGTERM to up', endsUp: true, happen: (victim) => signalUp(victim, 'SIGTERM') },
  { text: 'down', endsUp: true, happen: ({ sandbox }) => sandbox.run(['down']) },
];

export const ORDER: FaultKind = {
  draw(victim, random) {
    const execution_id = `order-${random.integer(1, 1e9)}`;
    const region = random.pick(REGIONS);
    const count = random.integer(1, MAX_READINGS);
    const kills = victim.machine.names.map(
      (name): Step => ({ text: `kill -9 ${name}`, happen: ({ machine }) => machine.crash([name]) }),
    );
    const steps: Step[] = [];
    let isUp = true;
    const start = () => {
      const deploy = random.integer(1, 4) === 1;
      steps.push({ text: `up${deploy ? ' --deploy' : ''}`, happen: ({ start }) => start(deploy) });
      isUp = true;
    };
    for (const step of random.shuffle([...kills, ...STEPS]).slice(0, random.integer(1, MAX_STEPS))) {
      steps.push(step);
      if (step.endsUp) isUp = false;
      if (!isUp && random.pick([true, false])) start();
    }
    if (!isUp) start();
    const pauses = steps.map(() => random.pick(PAUSES_MS));

    const happen = async () => {
      const options = { history: victim.history, giveUp: AbortSignal.timeout(HEALED_MS) };
      await sendLoad(victim.link.url, { execution_id, region }, count, options);
      for (const [i, step] of steps.entries()) {
        await sleep(pauses[i]);
        await step.happen(victim);
      }
      await untilHealthy(victim.sandbox);
    };
    const text = steps.map(({ text }, i) => `${pauses[i]} ms, ${text}`).join(', ');
    return { text: `${execution_id}: ${count} readings, ${text}`, target: undefined, happen };
  },
};
