import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { stableStringify } from '../../core/json.ts';
import type { Goal, Metrics } from '../../core/objective.ts';
import { createRng } from '../../core/rng.ts';
import { ended } from '../../core/words.ts';
import { check } from '../space/check.ts';
import type { Space } from '../space/space.ts';
import { guarded } from './guard.ts';

/** A trial is told so many trials after it was asked, as the study loop does. */
const lookAhead = 8;

/** What a controller is checked on: a space, and results for its candidates. */
export interface CheckSubject {
  readonly context: Omit<ControllerContext<Space>, 'seed'>;
  /** Undefined: the trial failed. */
  readonly measure: (candidate: Candidate, trial: number) => Metrics | undefined;
  /** How long the runs are; a small space may end them before. */
  readonly trials: number;
}

/** One promise of the controller's contract (core/controller.ts). `run` throws a NasError where it is broken. */
export interface ControllerCheck {
  readonly promise: string;
  readonly run: (definition: ControllerDefinition<Space>, subject: CheckSubject) => void;
}

/** Asks and tells as the study loop does; a controller to go on with, and what happened before. */
export interface DriveOptions {
  readonly from?: number;
  readonly to: number;
  readonly measure: CheckSubject['measure'];
  /** Candidates of the earlier trials. */
  readonly before?: readonly Candidate[];
}

/** Returns all candidates so far; fewer than `to` where the controller had no more. */
export function drive(controller: Controller, { from = 0, to, measure, before = [] }: DriveOptions): Candidate[] {
  const candidates = [...before];
  for (let trial = from; trial < to; trial++) {
    tellBefore(controller, trial, candidates, measure);
    const candidate = controller.ask(trial);
    if (!candidate) return candidates;
    candidates.push(candidate);
  }
  return candidates;
}

function tellBefore(controller: Controller, trial: number, candidates: readonly Candidate[], measure: CheckSubject['measure']) {
  const told = trial - lookAhead;
  const candidate = candidates[told];
  if (!candidate) return;
  const metrics = measure(candidate, told);
  controller.tell(metrics ? { trial: told, candidate, metrics } : { trial: told, candidate });
}

/** Results out of thin air, the same for the same network; what can be predicted is as predicted. */
export function madeUpResults({ goal, keyOf, predict }: CheckSubject['context']): CheckSubject['measure'] {
  const names = [...new Set([...goal.objectives, ...goal.constraints].map(({ metric }) => metric))];
  return (candidate) => {
    const rng = createRng('made up', keyOf(candidate));
    return { ...Object.fromEntries(names.map((name) => [name, rng.uniform()])), ...predict?.(candidate) };
  };
}

/** Runs all checks on a definition of somebody else. Throws NasError: CONTROLLER_BROKEN, and what `guarded` throws. */
export function checkController(definition: ControllerDefinition<Space>, subject: CheckSubject): void {
  const watched = guarded(definition);
  for (const { run } of controllerChecks) run(watched, subject);
}

export const controllerChecks: readonly ControllerCheck[] = [
  {
    promise: 'stays in the space and never repeats a network, finished or pending',
    run(definition, subject) {
      const candidates = runOf(definition, subject);
      if (candidates.length === 0) throw broken(definition, 'proposes nothing in a new study');
      for (const candidate of candidates) check(subject.context.space, candidate);
      refuseRepeats(definition, subject, candidates);
    },
  },
  {
    promise: 'proposes the same for the same seed',
    run(definition, subject) {
      const brief = { ...subject, trials: Math.ceil(subject.trials * 0.8) };
      const same = equal(runOf(definition, brief), runOf(definition, brief));
      if (!same)
        throw broken(
          definition,
          'proposes something else in a second run with the same seed; take all randomness from createRng(seed, trial)',
        );
    },
  },
  {
    promise: 'goes on when trials fail',
    run(definition, subject) {
      const some = (candidate: Candidate, trial: number) => (trial % 3 === 0 ? undefined : subject.measure(candidate, trial));
      refuseRepeats(definition, subject, runOf(definition, { ...subject, measure: some }));
      refuseRepeats(definition, subject, runOf(definition, { ...subject, measure: () => undefined }));
    },
  },
  {
    promise: 'takes metrics that make no sense for a failure',
    run(definition, subject) {
      const strange = strangeMetrics(subject.context.goal);
      const candidates = runOf(definition, { ...subject, measure: (_, trial) => strange[trial % strange.length] });
      refuseRepeats(definition, subject, candidates);
    },
  },
  {
    promise: 'never proposes what somebody else has asked or told',
    run(definition, subject) {
      const others = runOf(definition, { ...subject, trials: Math.ceil(subject.trials / 2) }, 'other');
      const controller = create(definition, subject);
      for (const [trial, candidate] of others.entries()) {
        const metrics = trial % 2 === 0 ? subject.measure(candidate, trial) : undefined;
        controller.asked(trial, candidate);
        if (metrics) controller.tell({ trial, candidate, metrics });
      }
      const before = others.length;
      const own: Candidate[] = [];
      for (let trial = before; trial < 2 * before; trial++) {
        const candidate = controller.ask(trial);
        if (candidate) own.push(candidate);
      }
      refuseRepeats(definition, subject, [...others, ...own]);
    },
  },
  {
    promise: 'depends on recorded candidates as on its own',
    run(definition, subject) {
      const whole = runOf(definition, subject);
      const half = Math.floor(whole.length / 2);
      const replayed = create(definition, subject);
      for (let trial = 0; trial < half; trial++) {
        tellBefore(replayed, trial, whole, subject.measure);
        replayed.asked(trial, whole[trial]!);
      }
      const again = drive(replayed, { from: half, to: subject.trials, measure: subject.measure, before: whole.slice(0, half) });
      if (!equal(again, whole)) throw broken(definition, 'goes on differently after `asked` than after its own `ask`');
    },
  },
  {
    promise: 'goes on from a saved state as if nothing had happened',
    run(definition, subject) {
      const { trials, measure } = subject;
      const stops = [0, 1, Math.floor(trials / 3), Math.floor((3 * trials) / 4)];
      const saved: { readonly at: number; readonly text: string }[] = [];
      const first = create(definition, subject);
      let whole: Candidate[] = [];
      for (const at of stops) {
        whole = drive(first, { from: whole.length, to: at, measure, before: whole });
        if (whole.length === at) saved.push({ at, text: JSON.stringify(first.save()) });
      }
      whole = drive(first, { from: whole.length, to: trials, measure, before: whole });
      for (const { at, text } of saved) {
        const second = create(definition, subject);
        second.restore(JSON.parse(text) as Json);
        const again = drive(second, { from: at, to: trials, measure, before: whole.slice(0, at) });
        if (!equal(again, whole)) throw broken(definition, `goes on differently after restore(save()) at trial ${at}`);
        if (!equal(first.save(), second.save()))
          throw broken(definition, `saves another state after restore(save()) at trial ${at}`);
      }
    },
  },
  {
    promise: 'takes a baseline from outside the space',
    run(definition, subject) {
      const { keyOf } = subject.context;
      const withBaseline = (candidate: Candidate) => (Object.keys(candidate).length === 0 ? 'baseline' : keyOf(candidate));
      const outside = { ...subject, context: { ...subject.context, keyOf: withBaseline } };
      const controller = create(definition, outside);
      controller.asked(0, {});
      const perfect = Object.fromEntries(subject.context.goal.objectives.map(({ metric }) => [metric, 1]));
      const measure: CheckSubject['measure'] = (candidate, trial) => (trial === 0 ? perfect : subject.measure(candidate, trial));
      const candidates = drive(controller, { from: 1, to: subject.trials, measure, before: [{}] });
      for (const candidate of candidates.slice(1)) check(subject.context.space, candidate);
      const restored = create(definition, outside);
      restored.restore(JSON.parse(JSON.stringify(controller.save())) as Json);
      if (!equal(restored.save(), controller.save()))
        throw broken(definition, 'loses a baseline that is no candidate of the space in restore(save())');
    },
  },
];

const create = (definition: ControllerDefinition<Space>, { context }: CheckSubject, seed = 'check') =>
  definition.create({ ...context, seed });

const runOf = (definition: ControllerDefinition<Space>, subject: CheckSubject, seed?: string) =>
  drive(create(definition, subject, seed), { to: subject.trials, measure: subject.measure });

function refuseRepeats(definition: ControllerDefinition<Space>, { context }: CheckSubject, candidates: readonly Candidate[]) {
  const keys = new Set<string>();
  for (const [trial, candidate] of candidates.entries()) {
    const key = context.keyOf(candidate);
    if (keys.has(key)) throw broken(definition, `proposed a network twice, at trial ${trial}: ${key}`);
    keys.add(key);
  }
}

/** Metrics without an objective, with a NaN, with an infinity. */
function strangeMetrics({ objectives }: Goal): Metrics[] {
  const all = (value: number) => Object.fromEntries(objectives.map(({ metric }) => [metric, value]));
  const [first] = objectives;
  return [{}, { ...all(1), [first!.metric]: Number.NaN }, { ...all(1), [first!.metric]: Number.POSITIVE_INFINITY }];
}

const equal = (a: unknown, b: unknown): boolean => stableStringify(a as Json) === stableStringify(b as Json);

const broken = ({ name }: ControllerDefinition<Space>, what: string) =>
  new NasError('CONTROLLER_BROKEN', `controller "${name}" ${ended(what)}`, {
    facts: { controller: name, what },
    exitCode: exitCodes.failure,
  });
