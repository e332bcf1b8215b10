/** The steps of the demo: each is a command that the user could type, and what must be seen after it. */
import {
  alertOf,
  type Evidence,
  keptReadingsArrived,
  nothingIsMissing,
  sameExecutions,
  sensorsMeasure,
  showsColor,
} from './evidence.js';

export interface Step {
  id: string;
  title: string;
  /** What it does and why: two or three sentences. */
  about: string;
  /** The command. Words that belong together, such as a flag and its value, are one. */
  words: string[];
  evidence: Evidence[];
  /** What the command prints is not shown. */
  quiet?: boolean;
}

const CUT = 'eu';
const OTHERS = ['us', 'as'];
const VERSION_1 = '#ffb000';
const VERSION_2 = '#00c853';
const LIVE = '#2979ff';
/** Seconds of silence until the alert. */
const ALERT_AFTER = 5;
const SENSORS = '--interval 1 --profile cold-chain';
const color = (value: string) => `--color '${value}'`;

/** What happens to a region that is cut off, and when it is back. */
const SENSORS_KEEP = {
  cut: `The nodes of ${CUT} lose their link to the proxy and to the orchestrator. Their sensors run on and keep their readings.`,
  back: `The link is restored, and the sensors of ${CUT} deliver what they kept, oldest first.`,
};
const RELAY_KEEPS = {
  cut: `The site ${CUT} loses its internet: its nodes the orchestrator, its relay the proxy. Its sensors run on and send to the relay, which keeps their readings on its disk.`,
  back: `The link is restored, and the relay of ${CUT} delivers what it has on its disk.`,
};

/** `nodes`: in each region. */
export const demoSteps = (network: string, nodes: number, relays: boolean): Step[] => [
  {
    id: 'start',
    title: 'Everything starts',
    about: `A queue, a proxy, a puller and ${3 * nodes} edge nodes in three regions start on this machine. A WebAssembly sensor on each node measures a cold store (simulated) and sends a reading every second: to the proxy, which puts it into the queue, from which the puller takes and stores it.`,
    words: [
      'up --detach --deploy',
      `--network ${network}`,
      `--nodes ${nodes}`,
      ...(relays ? ['--relays'] : []),
      SENSORS,
      `--alert-after ${ALERT_AFTER}`,
    ],
    // It names addresses, and how another `up` is stopped.
    quiet: true,
    evidence: [sensorsMeasure('temperature', nodes)],
  },
  {
    id: 'version-1',
    title: 'A first colour: version 1',
    about:
      'A deployment replaces the running sensors. The command returns when readings of every new sensor have arrived, not when the jobs were submitted.',
    words: ['deploy publisher', color(VERSION_1), SENSORS],
    evidence: [showsColor(VERSION_1, nodes)],
  },
  {
    id: 'cut',
    title: `Region ${CUT} is cut off`,
    about: `${(relays ? RELAY_KEEPS : SENSORS_KEEP).cut} After ${ALERT_AFTER} s without a reading an alert fires.`,
    words: [`region disconnect ${CUT}`],
    evidence: [alertOf(CUT, true)],
  },
  {
    id: 'version-2',
    title: 'Version 2 for the other regions',
    about: `The rest of the fleet gets the next version while ${CUT} is away.`,
    words: ['deploy publisher', `--region ${OTHERS.join(',')}`, color(VERSION_2), SENSORS],
    evidence: [showsColor(VERSION_2, nodes, OTHERS)],
  },
  {
    id: 'reconnect',
    title: `Region ${CUT} is back`,
    about: `${(relays ? RELAY_KEEPS : SENSORS_KEEP).back} Each sensor numbers its readings, so a lost one would show as a gap.`,
    words: [`region reconnect ${CUT}`],
    evidence: [keptReadingsArrived(CUT, nodes), alertOf(CUT, false)],
  },
  {
    id: 'version-2-eu',
    title: `Region ${CUT} takes version 2`,
    about: `The deployment of before, now for ${CUT}: the whole fleet runs version 2.`,
    words: ['deploy publisher', `--region ${CUT}`, color(VERSION_2), SENSORS],
    evidence: [showsColor(VERSION_2, nodes)],
  },
  {
    id: 'live-change',
    title: 'A live change',
    about:
      "New values reach the running sensors with the proxy's answer to their next reading. No job is submitted. The command returns when the readings show the change.",
    words: ['config set', `color='${LIVE}'`, 'interval=0.5'],
    evidence: [showsColor(LIVE, nodes), sameExecutions()],
  },
  {
    id: 'figures',
    title: 'The figures',
    about: 'What the puller has counted since the start. `tail` shows the readings.',
    words: ['status'],
    evidence: [nothingIsMissing()],
  },
];
