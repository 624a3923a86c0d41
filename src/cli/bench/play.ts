import type { Controller } from '../../core/controller.ts';
import type { LiveEvent } from '../../core/event.ts';
import type { TrialRequest } from '../../core/executor.ts';
import type { Metrics } from '../../core/objective.ts';
import { createRng } from '../../core/rng.ts';
import type { Scheduler, SchedulerDefinition } from '../../core/scheduler.ts';
import type { DoneOutcome } from '../../core/trial.ts';
import { createReplayExecutor } from '../../executors/index.ts';
import type { Problem } from '../../search/bench/problem.ts';
import { sample } from '../../search/space/sample.ts';
import { rememberPerCandidate } from '../../search/study/keys.ts';
import { runStudy } from '../../search/study/run.ts';
import { createMemoryStore } from '../../store/index.ts';
import type { Contender } from './contender.ts';

export interface PlayOptions {
  readonly problem: Problem;
  readonly contender: Contender;
  readonly seed: string;
  readonly trials: number;
  /** Simulated: trials run on them by the problem's own clock. */
  readonly workers: number;
  /** Begin with the problem's anchors, as a search of a network does. */
  readonly anchors: boolean;
  /** How far trials are trained, for a problem with rungs; absent: each to its end. */
  readonly scheduler?: SchedulerDefinition;
}

/** One job that ended: a whole trial, or a part of one. */
export interface PlayedJob {
  readonly trial: number;
  readonly metrics: Metrics;
  /** Of a full training, what this job added. */
  readonly share: number;
}

export interface Played {
  /** By trial; undefined where it failed. */
  readonly metrics: readonly (Metrics | undefined)[];
  /** Milliseconds in the controller for each trial: its ask and its tell. */
  readonly thinkingMs: readonly number[];
  /** Part of the workers' simulated time in which they had a trial. */
  readonly busy: number;
  /** In the order in which they ended. */
  readonly jobs: readonly PlayedJob[];
}

/** With one worker every result is told before the next ask; with more the workers always find the next trials asked. */
export const lookAheadFor = (workers: number): number => (workers === 1 ? 1 : 2 * workers);

/** A whole study, by the product's own loop, with simulated trials: one search that costs no training. */
export async function play(options: PlayOptions): Promise<Played> {
  const { problem, contender, seed, trials, workers, anchors, scheduler } = options;
  const store = createMemoryStore();
  const study = {
    name: 'bench',
    createdAt: 0,
    seed,
    controller: contender.name,
    space: { file: problem.name, text: '', hash: '' },
    facts: {},
  };
  store.create(study);
  const executor = createReplayExecutor({
    slots: workers,
    recall: (request) => ({ outcome: recalledOutcome(problem, request) }),
  });
  await executor.open(() => {});
  const { space, goal, predict } = problem;
  const keyOf = rememberPerCandidate(problem.keyOf);
  const context = { space, goal, seed, keyOf, logScale: new Set(problem.logScale), ...(predict ? { predict } : {}) };
  const opened = await contender.open(problem, context);
  const { controller, thinkingMs } = timed(opened);
  const metrics: (Metrics | undefined)[] = [];
  const jobs: PlayedJob[] = [];
  const finished = (trial: number, { metrics: found, rung }: DoneOutcome) => {
    const before = jobs.filter((job) => job.trial === trial).reduce((sum, { share }) => sum + share, 0);
    jobs.push({ trial, metrics: found, share: (rung?.fidelity ?? 1) - before });
    metrics[trial] = found;
  };
  const { done } = runStudy({
    store,
    study,
    executor,
    controller,
    goal,
    keyOf,
    initial: anchors ? problem.anchors.map((candidate, i) => ({ candidate, origin: i === 0 ? 'baseline' : 'anchor' })) : [],
    budget: { trials },
    lookAhead: lookAheadFor(workers),
    ...(scheduler ? { scheduler: schedulerFor(scheduler, problem) } : {}),
    onEvent: (event: LiveEvent) => {
      if (event.type === 'finished' && event.outcome.state === 'done') finished(event.trial, event.outcome);
    },
  });
  try {
    await done;
  } finally {
    await opened.close?.();
  }
  const { elapsed, busy } = executor.times();
  await executor.close();
  return { metrics, thinkingMs, busy: busy / (elapsed * workers), jobs };
}

/** One of so many goes on from a rung: as many as fewer trials of the next one cost the same. */
const etaOf = ([first, second]: readonly number[]): number => Math.max(2, Math.round(second! / first!));

function schedulerFor(definition: SchedulerDefinition, problem: Problem): Scheduler {
  const rungs = sharesOf(problem);
  return definition.create({ goal: problem.goal, rungs, eta: etaOf(rungs), logScale: new Set(problem.logScale) });
}

function sharesOf({ name, rungs, space }: Problem): number[] {
  if (!rungs) throw new RangeError(`trials of ${name} have no rungs`);
  return rungs(sample(space, createRng('rungs'))).map(({ share }) => share);
}

/** The whole trial, or the part of it that a scheduler asked for. */
function recalledOutcome(problem: Problem, { candidate, rung }: TrialRequest): DoneOutcome {
  const all = rung && problem.rungs?.(candidate);
  if (!all) return { state: 'done', metrics: problem.measure(candidate), seconds: problem.seconds(candidate) };
  const at = (index: number) => all.find(({ share }) => share === rung.ends[index]);
  const reached = at(rung.index)!;
  const { share, metrics } = reached;
  const seconds = reached.seconds - (at(rung.index - 1)?.seconds ?? 0);
  const checkpoint = share < 1 ? { checkpoint: { sha256: '', bytes: 0 } } : {};
  return {
    state: 'done',
    metrics,
    seconds,
    rung: { index: rung.index, ends: rung.ends, fidelity: share, epochs: share, ...checkpoint },
  };
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
