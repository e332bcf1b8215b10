import { resolve } from 'node:path';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { openPage } from '../../lib/process/open-page.js';
import { exitCodeOf, type StopReason, stopRequested } from '../../lib/process/shutdown.js';
import { loadProvider } from '../../network/registry.js';
import { type CommandContext, command } from '../command.js';
import { DEMO_FOLDER, DemoNetwork } from '../demo/demo-network.js';
import { askingGuide, autoGuide, demoProgress } from '../demo/guides.js';
import { type Guide, runDemo, type StepResult } from '../demo/run-demo.js';
import { ALERT_AFTER, SCENARIO } from '../demo/scenario.js';
import { flagOption } from '../options.js';
import { demoDocument, demoEndText, demoSecondTerminalText, demoWidth, passed, wrapped } from '../output/demo-text.js';
import { progressOf, type UpEvent } from '../output/up-text.js';

export const demo = command({
  name: 'demo',
  summary: 'a guided tour of a few minutes: sensors, a cut region, versions, late readings, a live change',
  settings: ['network', 'nodes', 'bacalhau'],
  modes: ['text', 'json'],
  options: {
    auto: flagOption('--auto', 'run every step without questions; exit 1 when one does not see what it must see'),
  },
  examples: ['wasm-sensors demo', 'wasm-sensors demo --auto -o json', 'wasm-sensors demo --network compose'],
  async action(context) {
    const { out, options } = context;
    const asks = !options.auto;
    if (asks) requireTerminal(out.mode);
    const stop = stopOfUser();
    const network = await planDemo(context, () => stop.request('down'));
    const closed = new AbortController();
    const guide = asks
      ? askingGuide(out, {
          page: () => network.page,
          openPage,
          interrupted: () => stop.request('SIGINT'),
          signal: closed.signal,
        })
      : autoGuide(out);
    await network.claim();
    return runToTheEnd(context, network, guide, { stop: stop.requested, closed });
  },
});

/** Throws `TERMINAL_NEEDED`. */
function requireTerminal(mode: string): void {
  if (process.stdin.isTTY && process.stdout.isTTY && mode === 'text') return;
  throw new AppError('TERMINAL_NEEDED', 'the demo asks before every step, and nobody can be asked here', {
    hint: 'Run `wasm-sensors demo --auto`, which asks nothing.',
  });
}

/** Rejects with `OPTION_NOT_OFFERED` for a network that can't be started here. */
async function planDemo(
  { out, settings, provenance }: Pick<CommandContext, 'out' | 'settings' | 'provenance'>,
  onStop: () => void,
): Promise<DemoNetwork> {
  const { kind, capabilities } = await loadProvider(settings.network);
  const { demoNodes } = capabilities;
  if (demoNodes === undefined) {
    throw new AppError('OPTION_NOT_OFFERED', `the demo does not run on the ${kind} network`, {
      hint: 'It cuts a region and replaces every sensor, so it runs only on networks that it starts itself.',
    });
  }
  const emit = (event: UpEvent) => {
    const text = progressOf(event);
    if (text !== undefined) demoProgress(out, text);
  };
  // The demo works in another folder.
  const bacalhau = settings.bacalhau?.includes('/') ? resolve(settings.bacalhau) : settings.bacalhau;
  const nodes = provenance.nodes.source === 'default' ? demoNodes : settings.nodes;
  return new DemoNetwork({ kind, nodes, alertAfter: ALERT_AFTER, bacalhau, emit, onStop });
}

type Reason = StopReason | 'down';

interface Ending {
  stop: Promise<Reason>;
  /** Aborted at the end. */
  closed: AbortController;
}

/** Resolves with the exit code; what was started is stopped in any case. */
async function runToTheEnd(
  { out }: CommandContext,
  network: DemoNetwork,
  guide: Guide,
  { stop, closed }: Ending,
): Promise<number> {
  const began = Date.now();
  const { kind, nodes } = network.options;
  const width = demoWidth(process.stdout.columns);
  out.event({}, () => wrapped(demoSecondTerminalText(DEMO_FOLDER), width).join('\n'));
  let outcome: StepResult[] | Reason | undefined;
  try {
    outcome = await Promise.race([stop, runDemo(SCENARIO, { network, memory: { began } }, guide)]);
  } finally {
    closed.abort();
    guide.progress('stopping everything');
    const failed = outcome === undefined || (Array.isArray(outcome) && !passed(outcome));
    await stopNetwork(network, failed, (problem) => out.warn(problem));
    out.endProgress();
    if (failed) out.note(`logs: ${network.logs}`);
  }
  // The step under way waits for its sensors, and would keep this process alive.
  if (!Array.isArray(outcome)) process.exit(outcome === 'down' ? 0 : exitCodeOf(outcome));
  const results = outcome;
  const seconds = (Date.now() - began) / 1000;
  out.result(demoDocument(kind, nodes, results, seconds), (style) =>
    demoEndText({ results, steps: SCENARIO.length, seconds }, style, width),
  );
  return passed(results) ? 0 : 1;
}

/** The error of a step matters more than one of stopping. */
async function stopNetwork(network: DemoNetwork, keepLogs: boolean, warn: (text: string) => void): Promise<void> {
  try {
    await network.stop(keepLogs);
  } catch (error) {
    warn(`not everything could be stopped: ${messageOf(error)}; run \`wasm-sensors down --state-dir ${DEMO_FOLDER}\``);
  }
}

/** Signals, another terminal that runs `down`, and Ctrl-C at a question. */
function stopOfUser(): { requested: Promise<Reason>; request(reason: Reason): void } {
  let request = (_reason: Reason) => {};
  const elsewhere = new Promise<Reason>((resolve) => {
    request = resolve;
  });
  return {
    requested: Promise.race([stopRequested({ supervised: false }), elsewhere]),
    request: (reason) => request(reason),
  };
}
