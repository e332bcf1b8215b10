/** Runs the steps of a demo, one after the other, as whoever guides it chooses. */
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { DemoCommand, DemoStep, Scene, Seen, StepId } from './demo-step.js';

/** `again`: the step before, once more. `stop`: the demo ends here. */
export type Choice = 'run' | 'again' | 'skip' | 'stop';

export interface StepResult {
  id: StepId;
  title: string;
  /** `unseen`: something that must be seen was not. */
  outcome: 'seen' | 'unseen' | 'failed' | 'skipped';
  /** What was seen, in the order of the step's sights. */
  sights: (Seen & { must: string })[];
  seconds: number;
  /** Why it failed. */
  error?: unknown;
  /** Titles of the steps without which it is skipped. */
  missing?: string[];
}

/** The step that comes next. */
export interface Coming {
  step: DemoStep;
  /** Counts from 1. */
  number: number;
  of: number;
  about: string;
  command: DemoCommand;
}

/** Shows what happens, and chooses what comes next. */
export interface Guide {
  introduce(coming: Coming): void;
  /** `coming`: undefined at the end. `last`: the step that `again` would do once more, if it can be. */
  choose(coming: Coming | undefined, last: DemoStep | undefined): Promise<Choice>;
  progress(text: string): void;
  show(result: StepResult): void;
}

/** How long a sight is looked for. A node of a real Bacalhau may take two minutes to be back. */
const SIGHT_MS = 150_000;

/**
 * Resolves with the last result of each step that was reached, also of steps that failed. Rejects with the error of the
 * first step, without which there is no other.
 */
export async function runDemo(
  steps: DemoStep[],
  scene: Scene,
  guide: Guide,
  sightMs = SIGHT_MS,
): Promise<StepResult[]> {
  const results = new Map<StepId, StepResult>();
  let last: DemoStep | undefined;
  /** The step that was chosen already. */
  let chosen: DemoStep | undefined;
  for (let at = 0; ; ) {
    const step = steps[at];
    const missing = step && missingFor(step, steps, results);
    const coming = step && missing?.length === 0 ? await introduce(steps, at, scene, guide) : undefined;
    if (step && !coming) {
      finish({ ...nothingDone(step), ...(missing?.length ? { missing } : {}) });
      at++;
      continue;
    }
    const choice =
      step && step === chosen ? 'run' : await guide.choose(coming, last?.again === undefined ? undefined : last);
    chosen = undefined;
    if (choice === 'stop' || (choice === 'run' && !step)) return [...results.values()];
    if (choice === 'again') {
      at = steps.findIndex(({ id }) => id === last?.again);
      chosen = steps[at];
      continue;
    }
    if (!step) continue;
    if (choice === 'skip') finish(nothingDone(step));
    else {
      const result = await perform(step, scene, guide, sightMs);
      if (result.outcome === 'failed' && at === 0) throw result.error;
      finish(result);
      last = step;
    }
    at++;
  }

  function finish(result: StepResult): void {
    // In the order in which they were done last.
    results.delete(result.id);
    results.set(result.id, result);
    guide.show(result);
  }
}

const nothingDone = ({ id, title }: DemoStep): StepResult => ({
  id,
  title,
  outcome: 'skipped',
  sights: [],
  seconds: 0,
});

function missingFor(step: DemoStep, steps: DemoStep[], results: Map<StepId, StepResult>): string[] {
  const done = (id: StepId) => ['seen', 'unseen'].includes(results.get(id)?.outcome ?? '');
  return (step.needs ?? []).filter((id) => !done(id)).map((id) => steps.find((one) => one.id === id)!.title);
}

async function introduce(steps: DemoStep[], at: number, scene: Scene, guide: Guide): Promise<Coming> {
  const step = steps[at]!;
  await step.prepare?.(scene);
  const coming = { step, number: at + 1, of: steps.length, about: step.about(scene), command: step.command(scene) };
  guide.introduce(coming);
  return coming;
}

async function perform(step: DemoStep, scene: Scene, guide: Guide, sightMs: number): Promise<StepResult> {
  const began = Date.now();
  const result: StepResult = { ...nothingDone(step), outcome: 'seen' };
  try {
    await step.run(scene, (text) => guide.progress(text));
    for (const { must, look } of step.sights) {
      guide.progress(must);
      const seen = await look(scene, AbortSignal.timeout(sightMs));
      result.sights.push({ must, ...seen });
      if (!seen.ok) result.outcome = 'unseen';
    }
  } catch (error) {
    result.outcome = 'failed';
    result.error = error instanceof AppError ? error : new Error(messageOf(error), { cause: error });
  }
  result.seconds = (Date.now() - began) / 1000;
  return result;
}
