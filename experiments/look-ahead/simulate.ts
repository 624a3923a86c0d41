import { createRng } from '../../src/core/rng.ts';
import { createReplayExecutor } from '../../src/executors/replay.ts';
import { evolution } from '../../src/search/controllers/evolution.ts';
import { hypervolumeFrame, hypervolumeIn } from '../../src/search/study/progress.ts';
import { runStudy } from '../../src/search/study/run.ts';
import { createMemoryStore, readStudy } from '../../src/store/index.ts';
import { compressionProblem } from '../../test/fixtures/compression-problem.ts';

export interface Simulated {
  /** Share of the workers' time in which they had a trial. */
  readonly busy: number;
  readonly hypervolume100: number;
  readonly hypervolume: number;
}

const problem = compressionProblem(12);
const frame = hypervolumeFrame(
  [problem.measure(problem.baseline), { accuracy: 0, size: 5000 }],
  problem.goal.objectives,
  new Set(['size']),
)!;

export async function simulateStudy(options: {
  readonly lookAhead: number;
  readonly workers: number;
  readonly seed: string;
  readonly trials: number;
  /** Standard deviation of the durations, in powers of two. */
  readonly spread: number;
}): Promise<Simulated> {
  const { lookAhead, workers, seed, trials, spread } = options;
  const { space, goal, keyOf, baseline, measure } = problem;
  const store = createMemoryStore();
  const study = {
    name: 'study',
    createdAt: 0,
    seed,
    controller: 'evolution',
    space: { file: '', text: '', hash: '' },
    facts: {},
  };
  store.create(study);
  const executor = createReplayExecutor({
    slots: workers,
    recall({ candidate, trial }) {
      const seconds = trial === 0 ? 0 : 60 * 2 ** (spread * createRng(seed, 'duration', trial).normal());
      return { outcome: { state: 'done', metrics: measure(candidate), seconds } };
    },
  });
  await executor.open(() => undefined);
  const { done } = runStudy({
    store,
    study,
    executor,
    controller: evolution.create({ space, goal, keyOf, seed }),
    goal,
    keyOf,
    initial: [{ candidate: baseline, origin: 'baseline' }],
    budget: { trials },
    lookAhead,
    onEvent: () => undefined,
  });
  await done;
  const { elapsed, busy } = executor.times();
  await executor.close();
  const metrics = readStudy(store, 'study').trials.flatMap((trial) => (trial.state === 'done' ? [trial.metrics] : []));
  return {
    busy: busy / (elapsed * workers),
    hypervolume100: hypervolumeIn(frame, metrics.slice(0, 100)),
    hypervolume: hypervolumeIn(frame, metrics),
  };
}
