import type { LiveEvent } from '../../../src/core/event.ts';
import type { TrialRequest } from '../../../src/core/executor.ts';
import { stableStringify } from '../../../src/core/json.ts';
import type { Metrics } from '../../../src/core/objective.ts';
import { createRng } from '../../../src/core/rng.ts';
import type { Scheduler } from '../../../src/core/scheduler.ts';
import type { StudyRecord, TrialStore } from '../../../src/core/store.ts';
import type { Artefact, Outcome } from '../../../src/core/trial.ts';
import { controllers } from '../../../src/search/controllers/index.ts';
import type { Clock, StudyHandle, StudyOptions } from '../../../src/search/study/options.ts';
import { frontOf } from '../../../src/search/study/progress.ts';
import { runStudy } from '../../../src/search/study/run.ts';
import type { StopRules } from '../../../src/search/study/stopping.ts';
import { createMemoryStore, readStudy } from '../../../src/store/index.ts';
import { type CompressionProblem, compressionProblem } from '../../fixtures/compression-problem.ts';
import { SimulatedExecutor } from '../../fixtures/simulated-executor.ts';

export const problem = compressionProblem(4);

export interface SimulatedOptions {
  readonly problem?: CompressionProblem;
  /** A store that has the study already; a new one otherwise. */
  readonly store?: TrialStore;
  readonly controller?: string;
  readonly slots?: number;
  readonly delays?: string;
  readonly maxTurns?: number;
  readonly trials?: number;
  readonly seconds?: number;
  readonly lookAhead?: number;
  readonly clock?: Clock;
  readonly enqueue?: StudyOptions['enqueue'];
  readonly refuse?: StudyOptions['refuse'];
  readonly outcomeOf?: (metrics: Metrics, trial: number) => Outcome;
  readonly scheduler?: Scheduler;
  readonly stop?: StopRules;
  readonly discard?: (checkpoint: Artefact) => void;
  /** Sees every event as it comes. */
  readonly onEvent?: (event: LiveEvent, study: SimulatedStudy) => void;
}

export interface SimulatedStudy {
  readonly handle: StudyHandle;
  readonly executor: SimulatedExecutor;
  readonly store: TrialStore;
  readonly events: LiveEvent[];
}

export const done = (metrics: Metrics): Outcome => ({ state: 'done', metrics, seconds: 1 });
export const failed = (code: string): Outcome => ({ state: 'failed', code, message: `failed with ${code}`, seconds: 1 });

const recordOf = (controller: string): StudyRecord => ({
  name: 'study',
  createdAt: 0,
  seed: 'seed',
  controller,
  space: { file: 'space.yaml', text: '', hash: '' },
  facts: {},
});

export function newStore(controller = 'evolution'): TrialStore {
  const store = createMemoryStore();
  store.create(recordOf(controller));
  return store;
}

/** Starts a study of formulas, or goes on with the one in the store. */
export function simulate(options: SimulatedOptions = {}): SimulatedStudy {
  const { space, goal, keyOf, measure, baseline } = options.problem ?? problem;
  const { slots = 2, delays = 'delays', maxTurns, trials = 40, seconds, lookAhead, clock, outcomeOf = done } = options;
  const store = options.store ?? newStore(options.controller);
  const record = store.find('study')!;
  const executor = new SimulatedExecutor({
    slots,
    delays,
    ...(maxTurns === undefined ? {} : { maxTurns }),
    outcomeOf: (request) => atRung(outcomeOf(measure(request.candidate), request.trial), request),
  });
  const controller = controllers
    .find(({ name }) => name === record.controller)!
    .create({ space, goal, keyOf, seed: record.seed });
  const smallest = Object.fromEntries(
    space.parameters.map(({ name, domain }) => [name, domain.kind === 'choice' ? domain.values[0]! : domain.min]),
  );
  const events: LiveEvent[] = [];
  const onEvent = (event: LiveEvent) => {
    events.push(event);
    options.onEvent?.(event, study);
  };
  const study: SimulatedStudy = {
    executor,
    store,
    events,
    handle: runStudy({
      store,
      study: record,
      executor,
      controller,
      goal,
      keyOf,
      initial: [baseline, smallest, baseline].map((candidate, i) => ({ candidate, origin: i === 0 ? 'baseline' : 'anchor' })),
      budget: { trials, ...(seconds === undefined ? {} : { seconds }) },
      onEvent,
      ...(lookAhead === undefined ? {} : { lookAhead }),
      ...(clock === undefined ? {} : { clock }),
      ...(options.enqueue ? { enqueue: options.enqueue } : {}),
      ...(options.refuse ? { refuse: options.refuse } : {}),
      ...(options.scheduler ? { scheduler: options.scheduler } : {}),
      ...(options.stop ? { stop: options.stop } : {}),
      ...(options.discard ? { discard: options.discard } : {}),
    } satisfies StudyOptions),
  };
  return study;
}

/**
 * A learning curve under a trial that is trained in rungs: what it lacks in accuracy shrinks, for every trial at a rate of its
 * own. Every fifth trial trains nothing, as one that is only quantized.
 */
function atRung(outcome: Outcome, { trial, rung }: TrialRequest): Outcome {
  if (outcome.state !== 'done' || !rung || trial % 5 === 0) return outcome;
  const fidelity = rung.ends[rung.index]!;
  const lacking = 0.1 * (1 - fidelity) ** (1 + 3 * createRng('curve', trial).uniform());
  const checkpoint = { sha256: `${trial}@${fidelity}`, bytes: 1 };
  const reached = { index: rung.index, fidelity, ends: rung.ends, epochs: fidelity, ...(fidelity < 1 ? { checkpoint } : {}) };
  return { ...outcome, metrics: { ...outcome.metrics, accuracy: outcome.metrics['accuracy']! - lacking }, rung: reached };
}

/** Everything that must not depend on workers, time or interruptions. */
export function digest(store: TrialStore): string {
  const trials = readStudy(store, 'study').trials.map((trial) => ({
    ...trial,
    finishedAt: 0,
  }));
  const snapshots = [...store.events('study')].filter(({ type }) => type === 'snapshot').map((event) => ({ ...event, at: 0 }));
  const jobs = [...store.events('study')].flatMap((event) => {
    if (event.type === 'asked') return [[event.trial, 0]];
    return event.type === 'continued' ? [[event.trial, event.rung]] : [];
  });
  const front = frontOf(readStudy(store, 'study').trials, problem.goal).map(({ number }) => number);
  return stableStringify(JSON.parse(JSON.stringify({ trials, jobs, snapshots, front })));
}
