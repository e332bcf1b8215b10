/** The scenario of the demo, as data. Its actions are those of the commands that it shows. */
import { AppError } from '../../lib/errors/app-error.js';
import { changeConfig } from '../../operations/config/change-config.js';
import { setRegionLink } from '../../operations/cut-region.js';
import { deployPublisher } from '../../operations/deploy/deploy-publisher.js';
import { sendReading } from '../../operations/send-reading.js';
import type { SensorConfig } from '../../protocol/sensor-config.js';
import { sensorTokenFor } from '../../runtime/sensor-key.js';
import { commandName } from '../output/command-name.js';
import { convergedText } from '../output/config-text.js';
import { deployProgressText, STILL_STARTING } from '../output/deploy-text.js';
import { linkProgressText } from '../output/status-text.js';
import { DEMO_FOLDER } from './demo-network.js';
import type { DemoCommand, DemoStep, Scene } from './demo-step.js';
import {
  alertFires,
  alertIsOver,
  everySensorMeasures,
  everySensorSends,
  keptReadingsArrive,
  lateReadingIsDropped,
  nothingIsMissing,
  queueIsClean,
  regionIsQuiet,
  runningExecutions,
  sameExecutions,
  showsColor,
} from './sights.js';

const CUT = 'eu';
const OTHERS = ['us', 'as'];
const VERSION_1 = '#ffb000';
const VERSION_2 = '#00c853';
const LIVE = '#2979ff';
/** Seconds between the readings of a sensor. */
const INTERVAL = 1;
const FASTER = 0.5;
/** What the sensors measure: `--profile` of the commands. */
const PROFILE = 'cold-chain';
/** Seconds of silence until the alert. */
export const ALERT_AFTER = 5;

/** As the commands have them. */
const REPORTING_MS = 60_000;
const LINK_MS = 150_000;
const CONVERGED_MS = 30_000;

const STATE_DIR = `--state-dir ${DEMO_FOLDER}`;
const color = (value: string) => `--color '${value}'`;
const SENSORS = `--interval ${INTERVAL} --profile ${PROFILE}`;

export const SCENARIO: DemoStep[] = [
  {
    id: 'start',
    title: 'Everything starts',
    about: ({ network: { options } }) =>
      `A queue, a proxy, a puller and ${3 * options.nodes} edge nodes in three regions start on this machine. A WebAssembly sensor on each node measures a cold store (simulated) and sends a reading every second: to the proxy, which puts it into the queue, from which the puller takes and stores it.`,
    command: ({ network: { options } }) => ({
      words: [
        'up',
        `--network ${options.kind}`,
        `--nodes ${options.nodes}`,
        '--deploy',
        SENSORS,
        `--alert-after ${ALERT_AFTER}`,
        STATE_DIR,
      ],
    }),
    async run({ network, memory }, report) {
      memory.began = Date.now();
      report('starting the network');
      await network.start();
      await deploy({ network, memory }, report, {});
    },
    sights: [everySensorSends(), everySensorMeasures('temperature')],
  },
  {
    id: 'version-1',
    title: 'A first colour: version 1',
    about: () =>
      'A deployment replaces the running sensors. The command returns when readings of every new sensor have arrived, not when the jobs were submitted.',
    command: () => ({ words: ['deploy publisher', color(VERSION_1), SENSORS, STATE_DIR] }),
    again: 'version-1',
    async run(scene, report) {
      scene.memory.version1 = await deploy(scene, report, { color: VERSION_1 });
    },
    sights: [showsColor(VERSION_1)],
  },
  {
    id: 'cut',
    title: `Region ${CUT} is cut off`,
    about: () =>
      `The nodes of ${CUT} lose their link to the proxy and to the orchestrator. Their sensors run on and keep their readings. After ${ALERT_AFTER} s without a reading an alert fires.`,
    command: () => ({ words: [`region disconnect ${CUT}`, STATE_DIR] }),
    needs: ['version-1'],
    again: 'cut',
    async run(scene, report) {
      const { memory } = scene;
      await setLink(scene, false, report, (at) => {
        // A region that is cut already stays cut.
        if (!memory.cut || memory.cut.over !== undefined) memory.cut = { at };
      });
    },
    sights: [regionIsQuiet(CUT), alertFires(CUT)],
  },
  {
    id: 'version-2',
    title: 'Version 2 for the other regions',
    about: () => `The rest of the fleet gets the next version while ${CUT} is away.`,
    command: () => ({
      words: ['deploy publisher', `--region ${OTHERS.join(',')}`, color(VERSION_2), SENSORS, STATE_DIR],
    }),
    again: 'version-2',
    async run(scene, report) {
      await deploy(scene, report, { color: VERSION_2, regions: OTHERS });
    },
    sights: [showsColor(VERSION_2, OTHERS)],
  },
  {
    id: 'reconnect',
    title: `Region ${CUT} is back`,
    about: () =>
      `The link is restored, and the sensors of ${CUT} deliver what they kept, oldest first. Each sensor numbers its readings, so a lost one would show as a gap.`,
    command: () => ({ words: [`region reconnect ${CUT}`, STATE_DIR] }),
    needs: ['cut'],
    again: 'cut',
    async run(scene, report) {
      // Its first readings may arrive before the link of every node is set.
      scene.memory.cut!.over = Date.now();
      await setLink(scene, true, report);
    },
    sights: [keptReadingsArrive(CUT), alertIsOver(CUT)],
  },
  {
    id: 'version-2-eu',
    title: `Region ${CUT} takes version 2`,
    about: () => `The deployment of before, now for ${CUT}: the whole fleet runs version 2.`,
    command: () => ({
      words: ['deploy publisher', `--region ${CUT}`, color(VERSION_2), SENSORS, STATE_DIR],
    }),
    needs: ['version-2'],
    again: 'version-2-eu',
    async run(scene, report) {
      await deploy(scene, report, { color: VERSION_2, regions: [CUT] });
    },
    sights: [showsColor(VERSION_2)],
  },
  {
    id: 'late-reading',
    title: 'A late reading of version 1',
    about: () =>
      `A reading of a replaced sensor may arrive late, from a slow link or an old disk. Here you send one, in the name of a node of ${CUT} and with its token. Its submission is older than the one that runs there, so the proxy drops it.`,
    prepare: findLateReading,
    command: curlCommand,
    needs: ['version-1', 'version-2-eu'],
    again: 'late-reading',
    async run({ network, memory }) {
      const reading = memory.lateReading!;
      const token = sensorTokenFor(reading.hostname, network.folder);
      memory.lateOutcome = (await sendReading(network.proxy.url, { ...reading }, token)).outcome;
    },
    sights: [lateReadingIsDropped()],
  },
  {
    id: 'live-change',
    title: 'A live change',
    about: () =>
      "New values reach the running sensors with the proxy's answer to their next reading. No job is submitted. The command returns when the readings show the change.",
    command: () => ({ words: ['config set', `color=${LIVE}`, `interval=${FASTER}`, STATE_DIR] }),
    again: 'live-change',
    async run({ network, memory }, report) {
      memory.executions = await runningExecutions(network);
      const wanted = { set: { color: LIVE, interval: FASTER }, unset: [], replace: false };
      const onProgress = (progress: { converged: number; sensors: number }) => report(convergedText(progress));
      await changeConfig(network.target, {}, wanted, {
        timeoutMs: CONVERGED_MS,
        wait: true,
        onProgress,
        onFailed() {},
      });
    },
    sights: [showsColor(LIVE), sameExecutions()],
  },
  {
    id: 'figures',
    title: 'The figures',
    about: () => 'What the puller has counted since the start. `status` shows the same, and `tail` the readings.',
    command: () => ({ words: ['status', STATE_DIR] }),
    again: 'figures',
    async run() {},
    sights: [nothingIsMissing(), queueIsClean()],
  },
];

type Report = (progress: string) => void;

/** As `deploy publisher` does it; resolves with the time of the submission. */
async function deploy({ network }: Scene, report: Report, { color, regions }: { color?: string; regions?: string[] }) {
  const config: SensorConfig = { interval: INTERVAL, ...(color === undefined ? {} : { color }) };
  const target = { network: network.network, fleet: network.fleet, proxy: network.proxy, stateDir: network.folder };
  const { submissionTime } = await deployPublisher(target, {
    ...{ config, profile: PROFILE, timeoutMs: REPORTING_MS, timeoutHint: STILL_STARTING },
    ...(regions === undefined ? {} : { regions }),
    onProgress: (progress) => report(deployProgressText(progress)),
  });
  return submissionTime;
}

/** As `region disconnect` and `region reconnect` do it. `onSet` gets the time at which the link was set. */
async function setLink({ network }: Scene, connected: boolean, report: Report, onSet = (_at: number) => {}) {
  await setRegionLink(network.network, CUT, connected, {
    timeoutMs: LINK_MS,
    async onSet() {
      onSet(Date.now());
      await network.fleet.annotate({ region: CUT, connected }, network.token);
    },
    onProgress: (reached, nodes) => report(linkProgressText(reached, nodes, connected)),
  });
}

/** Rejects with `NO_SENSORS` where no sensor of version 1 was replaced. */
async function findLateReading({ network, memory }: Scene): Promise<void> {
  const { sensors } = await network.fleet.snapshot();
  const old = sensors.find(
    ({ region, state, job_submission_time: time }) =>
      region === CUT && state === 'replaced' && time === memory.version1,
  );
  if (!old) throw new AppError('NO_SENSORS', `no sensor of ${CUT} was replaced`);
  const { execution_id, region, hostname, job_submission_time } = old;
  memory.lateReading = {
    execution_id,
    sequence: old.sequence + 1,
    region,
    hostname,
    color: VERSION_1,
    job_submission_time,
  };
}

function curlCommand({ network, memory }: Scene): DemoCommand {
  const { execution_id, sequence, ...place } = memory.lateReading!;
  const { job_submission_time, ...names } = place;
  const lines = [{ execution_id, sequence }, names, { job_submission_time }];
  const body = lines.map((part) => JSON.stringify(part).slice(1, -1)).join(',\n   ');
  return {
    program: 'curl',
    words: [
      `${network.proxy.url}/send`,
      "-H 'Content-Type: application/json'",
      `-H "Authorization: Bearer $(${commandName()} sensors token ${place.hostname} \\\n  ${STATE_DIR})"`,
      `-d '{${body}}'`,
    ],
  };
}
