import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind } from './fault.js';

export const SET_CLOCK: FaultKind = {
  needs: 'clock',
  draw({ tools }, random) {
    // Less than a day: a proxy whose clock is further back refuses what true clocks send.
    const hours = random.integer(1, 20) * random.pick([1, -1]);
    const offset = `${hours > 0 ? '+' : ''}${hours}h`;
    const seconds = random.integer(1, 4);
    const happen = async () => {
      tools.clock!.set(offset);
      await sleep(seconds * 1000);
      tools.clock!.set('+0');
    };
    return { text: `set the clock to ${offset} for ${seconds} s`, target: 'clock', happen };
  },
};
