import type { Random } from '../random.js';
import type { FaultKind, Victim } from './fault.js';
import { untilHealthy } from './fault.js';

export const KILL: FaultKind = { draw: (victim, random) => kill(random.pick(victim.machine.names), victim) };

/** Others take its shards over. */
export const KILL_PULLER: FaultKind = {
  needs: 'database',
  draw(victim, random) {
    const pullers = victim.machine.names.filter((name) => name.startsWith('puller'));
    return kill(random.pick(pullers), victim);
  },
};

export const KILL_DATABASE: FaultKind = {
  needs: 'database',
  draw: (victim) => kill(victim.tools.database?.name ?? '', victim),
};

function kill(name: string, { sandbox, machine }: Victim) {
  const happen = async () => {
    await machine.kill(name);
    await untilHealthy(sandbox);
  };
  return { text: `kill -9 ${name}`, target: name, happen };
}

export const STOP: FaultKind = { draw: (victim, random) => stop(random.pick(victim.machine.names), victim, random) };

/** Meanwhile a backlog grows, which the other faults then meet. */
export const STOP_PULLER: FaultKind = { draw: (victim, random) => stop('puller', victim, random) };

/** Longer than 10 s: the supervisor of a process kills it. */
function stop(name: string, { sandbox, machine }: Victim, random: Random) {
  const seconds = random.pick([2, 4, 7, 13]);
  const happen = async () => {
    await machine.freeze(name, seconds);
    await untilHealthy(sandbox);
  };
  return { text: `stop ${name} for ${seconds} s`, target: name, happen };
}

export const KILL_UP: FaultKind = {
  draw({ sandbox, start }, random) {
    const deploy = random.pick([true, false]);
    const happen = async () => {
      process.kill(sandbox.state().up.pid, 'SIGKILL');
      await start(deploy);
    };
    return { text: `kill -9 up, and start it again${deploy ? ' with --deploy' : ''}`, target: undefined, happen };
  },
};
