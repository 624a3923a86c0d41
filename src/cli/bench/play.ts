import type { Controller, ControllerDefinition } from '../../core/controller.ts';
import type { LiveEvent } from '../../core/event.ts';
import type { Metrics } from '../../core/objective.ts';
import { createReplayExecutor } from '../../executors/index.ts';
import type { Problem } from '../../search/bench/problem.ts';
import type { Space } from '../../search/space/space.ts';
import { rememberPerCandidate } from '../../search/study/keys.ts';
import { runStudy } from '../../search/study/run.ts';
import { createMemoryStore } from '../../store/index.ts';

export interface PlayOptions {
  readonly problem: Problem;
  readonly definition: ControllerDefinition<Space>;
  readonly seed: string;
  readonly trials: number;
  /** Simulated: trials run on them by the problem's own clock. */
  readonly workers: number;
  /** Begin with the problem's anchors, as a search of a network does. */
  readonly anchors: boolean;
}

export interface Played {
  /** By trial; undefined where it failed. */
  readonly metrics: readonly (Metrics | undefined)[];
  /** Milliseconds in the controller for each trial: its ask and its tell. */
  readonly thinkingMs: readonly number[];
  /** Part of the workers' simulated time in which they had a trial. */
  readonly busy: number;
}

/** With one worker every result is told before the next ask; with more the workers always find the next trials asked. */
export const lookAheadFor = (workers: number): number => (workers === 1 ? 1 : 2 * workers);

/** A whole study, by the product's own loop, with simulated trials: one search that costs no training. */
export async function play({ problem, definition, seed, trials, workers, anchors }: PlayOptions): Promise<Played> {
  const store = createMemoryStore();
  const study = {
    name: 'bench',
    createdAt: 0,
    seed,
    controller: definition.name,
    space: { file: problem.name, text: '', hash: '' },
    facts: {},
  };
  store.create(study);
  const executor = createReplayExecutor({
    slots: workers,
    recall: ({ candidate }) => ({
      outcome: { state: 'done', metrics: problem.measure(candidate), seconds: problem.seconds(candidate) },
    }),
  });
  await executor.open(() => {});
  const { space, goal, predict } = problem;
  const keyOf = rememberPerCandidate(problem.keyOf);
  const context = { space, goal, seed, keyOf, logScale: new Set(problem.logScale), ...(predict ? { predict } : {}) };
  const { controller, thinkingMs } = timed(definition.create(context));
  const metrics: (Metrics | undefined)[] = [];
  await runStudy({
    store,
    study,
    executor,
    controller,
    goal,
    keyOf,
    initial: anchors ? problem.anchors.map((candidate, i) => ({ candidate, origin: i === 0 ? 'baseline' : 'anchor' })) : [],
    budget: { trials },
    lookAhead: lookAheadFor(workers),
    onEvent: (event: LiveEvent) => {
      if (event.type === 'finished' && event.outcome.state === 'done') metrics[event.trial] = event.outcome.metrics;
    },
  }).done;
  const { elapsed, busy } = executor.times();
  await executor.close();
  return { metrics, thinkingMs, busy: busy / (elapsed * workers) };
}

/** The same controller, with the milliseconds noted that each trial made it think. */
function timed(controller: Controller): { controller: Controller; thinkingMs: number[] } {
  const thinkingMs: number[] = [];
  const note = <T>(trial: number, work: () => T): T => {
    const start = performance.now();
    const result = work();
    thinkingMs[trial] = (thinkingMs[trial] ?? 0) + performance.now() - start;
    return result;
  };
  return {
    thinkingMs,
    controller: {
      ask: (trial) => note(trial, () => controller.ask(trial)),
      asked: (trial, candidate) => controller.asked(trial, candidate),
      tell: (result) => note(result.trial, () => controller.tell(result)),
      save: () => controller.save(),
      restore: (state) => controller.restore(state),
    },
  };
}
