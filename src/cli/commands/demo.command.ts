import { resolve } from 'node:path';
import { AppError } from '../../lib/errors/app-error.js';
import { loadProvider } from '../../network/registry.js';
import { command } from '../command.js';
import { canAsk, confirm } from '../confirm.js';
import { DEMO_FOLDER, DemoRun, STATE_DIR, type StepResult } from '../demo/demo-run.js';
import { demoSteps } from '../demo/steps.js';
import * as option from '../options.js';
import { demoEndText, demoSecondTerminalText, passed, stepResultText, stepText } from '../output/demo-text.js';
import { StopSignal } from '../stop-signal.js';

export const demo = command({
  name: 'demo',
  summary: 'a guided tour of a few minutes: sensors, a cut region, versions, a live change',
  settings: ['network', 'bacalhau', 'relays'],
  options: {
    nodes: option.value(
      '--nodes <count>',
      'edge nodes in each region (default: 100 embedded, 4 native, 2 compose)',
      option.integer(1),
    ),
    auto: option.flag('--auto', 'run every step without questions; exit 1 when one does not see what it must see'),
  },
  examples: ['wasm-sensors demo', 'wasm-sensors demo --auto -o json', 'wasm-sensors demo --network compose'],
  async action({ out, settings, options, ansi }) {
    const asks = !options.auto;
    if (asks && !(canAsk() && out.mode === 'text')) {
      throw new AppError('TERMINAL_NEEDED', 'the demo asks before every step, and nobody can be asked here', {
        hint: 'Run `wasm-sensors demo --auto`, which asks nothing.',
      });
    }
    const { network, bacalhau, relays } = settings;
    const { kind, capabilities } = await loadProvider(network);
    if (capabilities.demoNodes === undefined) {
      throw new AppError('OPTION_NOT_OFFERED', `the demo does not run on the ${kind} network`, {
        hint: 'It cuts a region and replaces every sensor, so it runs only on networks that it starts itself.',
      });
    }
    const { nodes = capabilities.demoNodes } = options;
    const stop = new StopSignal();
    const run = new DemoRun({
      // The demo works in another folder.
      bacalhau: bacalhau?.includes('/') ? resolve(bacalhau) : bacalhau,
      ansi,
      verbose: out.mode === 'text',
      stopped: stop.signal,
    });
    await run.claim();
    const began = Date.now();
    const steps = demoSteps(kind, nodes, relays);
    const results: StepResult[] = [];
    const runSteps = async () => {
      for (const [i, step] of steps.entries()) {
        const command = [...step.words, STATE_DIR];
        out.event({}, (style) => stepText(`${i + 1}/${steps.length}  ${step.title}`, step.about, command, style));
        if (asks && !(await confirm('Go on?', true))) return;
        const result = await run.do(step, (text) => out.progress(text));
        if (stop.signal.aborted) return;
        results.push(result);
        out.event(result, (style) => stepResultText(result, style));
        if (result.outcome !== 'seen') return;
      }
    };
    out.event({}, () => demoSecondTerminalText(DEMO_FOLDER));
    let interrupted = false;
    try {
      await Promise.race([stop.requested, runSteps()]);
      interrupted = stop.signal.aborted;
    } finally {
      stop.end();
      out.note('stopping everything');
      const failed = !passed(results);
      if (!(await run.stop(failed)))
        out.warn(`not everything could be stopped: run \`wasm-sensors down ${STATE_DIR}\``);
      if (failed) out.note(`logs: ${DEMO_FOLDER}/logs`);
    }
    // The question or request under way would keep this process alive.
    if (interrupted) process.exit(stop.exitCode);
    const seconds = (Date.now() - began) / 1000;
    const document = { network: kind, nodesPerRegion: nodes, passed: passed(results), seconds, steps: results };
    out.result(document, (style) => demoEndText(results, steps.length, seconds, style));
    return passed(results) ? 0 : 1;
  },
});
