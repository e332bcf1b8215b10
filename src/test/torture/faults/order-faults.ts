/**
 * Orders of kills: readings are sent, then programs are killed and stopped one after the other and started again, and
 * nothing is sent meanwhile. Readings that arrive make a program look at its files, and so hide what the kills did to them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { signalAll } from '../../../lib/process/process-id.js';
import { readRunState } from '../../../runtime/run-state.js';
import { sendLoad } from '../clients.js';
import { HEALED_MS } from '../machine/machine.js';
import type { Random } from '../random.js';
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
const KILL_EVERYTHING: Step = {
  text: 'kill -9 everything',
  endsUp: true,
  happen(victim) {
    KILL_UP.happen(victim);
    return victim.machine.crash(victim.machine.names);
  },
};
/** Not waited for: the next step may hit while it stops. */
const TERMINATE_UP: Step = { text: 'SIGTERM to up', endsUp: true, happen: (victim) => signalUp(victim, 'SIGTERM') };
const DOWN: Step = { text: 'down', endsUp: true, happen: ({ sandbox }) => sandbox.run(['down']) };
const UP: Step = { text: 'up', happen: ({ start }) => start(false) };
const DEPLOY: Step = { text: 'up --deploy', happen: ({ start }) => start(true) };
/** Crashes more often than stops, which write back what a crash loses. */
const STEPS = [KILL_UP, KILL_UP, KILL_EVERYTHING, KILL_EVERYTHING, TERMINATE_UP, DOWN];

export const ORDER: FaultKind = {
  draw(victim, random) {
    const execution_id = `order-${random.integer(1, 1e9)}`;
    const region = random.pick(REGIONS);
    const count = random.integer(1, MAX_READINGS);
    const steps = drawSteps(victim.machine.names, random).map((step) => ({ ...step, pauseMs: random.pick(PAUSES_MS) }));
    const happen = async () => {
      const options = { history: victim.history, giveUp: AbortSignal.timeout(HEALED_MS) };
      await sendLoad(victim.link.url, { execution_id, region }, count, options);
      for (const { pauseMs, happen } of steps) {
        await sleep(pauseMs);
        await happen(victim);
      }
      await untilHealthy(victim.sandbox);
    };
    const text = steps.map(({ text, pauseMs }) => `${pauseMs} ms, ${text}`).join(', ');
    return { text: `${execution_id}: ${count} readings, ${text}`, target: undefined, happen };
  },
};

/** In any order; `up` starts again at once or after others, and runs at the end. */
function drawSteps(names: string[], random: Random): Step[] {
  const kills = names.map(
    (name): Step => ({ text: `kill -9 ${name}`, happen: ({ machine }) => machine.crash([name]) }),
  );
  const steps = random.shuffle([...kills, ...STEPS]).slice(0, random.integer(1, MAX_STEPS));
  let isUp = true;
  return steps.flatMap((step, i) => {
    isUp &&= !step.endsUp;
    if (isUp || (i < steps.length - 1 && random.pick([true, false]))) return step;
    isUp = true;
    return [step, random.integer(1, 4) === 1 ? DEPLOY : UP];
  });
}
