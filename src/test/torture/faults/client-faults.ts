import { HOSTILE_CLIENTS } from '../hostile-clients.js';
import { Random } from '../random.js';
import { type FaultKind, untilHealthy } from './fault.js';

/** One kind for each hostile client: what they do, services must bear. */
export const CLIENT_FAULTS: FaultKind[] = HOSTILE_CLIENTS.map(({ name, attack }) => ({
  draw({ sandbox, history }, random) {
    const seconds = random.integer(2, 6);
    // Of its own: how much it sends depends on the machine, and must not change the faults that follow.
    const own = new Random(random.integer(0, 1e9));
    const happen = async () => {
      await attack({ sandbox, seconds, random: own, history });
      await untilHealthy(sandbox);
    };
    return { text: `${name} for ${seconds} s`, target: name, happen };
  },
}));
