import type { Candidate } from '../core/candidate.ts';
import { NasError } from '../core/errors.ts';
import type { Constraint, Goal, Metrics } from '../core/objective.ts';
import { formatMetric } from '../dashboard/format.ts';
import { anchors, uniformPlan } from '../network/compress/anchors.ts';
import type { ModelSpec } from '../network/models/index.ts';
import { nearest } from '../search/space/plan.ts';
import type { Space } from '../search/space/space.ts';
import { Feasibility, type Miss } from '../search/study/feasibility.ts';
import type { InitialTrial } from '../search/study/proposer.ts';
import { structureOf } from './compose.ts';
import { baselineCandidate, identityPlan } from './meaning.ts';

export interface StartContext {
  readonly model: ModelSpec;
  readonly space: Space;
  readonly goal: Goal;
  readonly keyOf: (candidate: Candidate) => string;
  readonly predict: (candidate: Candidate) => Metrics | undefined;
  /** One line for the user. */
  readonly say: (message: string) => void;
}

/** Candidates of one origin that are to be tried before the controller proposes anything. */
export interface Wish {
  readonly origin: string;
  readonly candidates: readonly Candidate[];
}

/** Uniform settings as near as the space allows. */
export function anchorWish({ model, space }: Pick<StartContext, 'model' | 'space'>): Wish {
  const graph = structureOf(model);
  return { origin: 'anchor', candidates: anchors.map(({ settings }) => nearest(space, uniformPlan(graph, settings))) };
}

/**
 * What a study starts with: the dense network, then what a user has given, as it is, then what is wished for. Wished ones
 * that are known to miss a constraint give way to the nearest that keep it. No two mean the same network.
 *
 * Throws NasError SPACE_INFEASIBLE where no candidate can keep the constraints that are known before training.
 */
export function startingTrials(
  context: StartContext,
  wishes: readonly Wish[],
  given: readonly InitialTrial[] = [],
): InitialTrial[] {
  const feasibility = refuseOutOfReach(context, wishes);
  const trials = wishes.flatMap((wish) => keeping(context, feasibility, wish));
  return distinct([{ candidate: denseOf(context), origin: 'baseline' }, ...given, ...trials], context.keyOf);
}

/**
 * What a study that goes on is to try: wishes give way to constraints as they did when it began, so that the command that began
 * it wishes for nothing else when it is given again.
 */
export function furtherTrials(
  context: StartContext,
  wishes: readonly Wish[],
  given: readonly InitialTrial[],
): readonly InitialTrial[] {
  const { space, goal, predict } = context;
  const feasibility = new Feasibility({ space, constraints: goal.constraints, predict });
  return [...given, ...wishes.flatMap((wish) => keeping(context, feasibility, wish))];
}

/** The dense network as the space says it; as no choice at all where the space cannot. */
function denseOf({ space, keyOf }: StartContext): Candidate {
  const plain = nearest(space, identityPlan);
  return keyOf(plain) === keyOf(baselineCandidate) ? plain : baselineCandidate;
}

/**
 * Throws NasError SPACE_INFEASIBLE where no candidate keeps the constraints, or none that was found comes near: a search would
 * spend its time on looking for one. Only says so where one may well be missed between those that were looked at.
 */
export function refuseOutOfReach(context: StartContext, wishes: readonly Wish[]): Feasibility {
  const { space, goal, predict, say } = context;
  const feasibility = new Feasibility({ space, constraints: goal.constraints, predict });
  const known = [denseOf(context), ...wishes.flatMap(({ candidates }) => candidates)];
  if (known.some((candidate) => feasibility.misses(candidate).length === 0)) return feasibility;
  const closest = feasibility.nearestToFeasible();
  const misses = feasibility.misses(closest);
  if (misses.length === 0) return feasibility;
  const reach = feasibility.reach();
  const metrics = { ...predict(closest) };
  const isAlone = goal.constraints.filter(({ metric }) => metrics[metric] !== undefined).length === 1;
  const found = misses.map((miss) => describeMiss(miss, isAlone, reach === 'none')).join('; ');
  const none = reach === 'none' ? 'no candidate of this space can keep them' : 'no candidate that keeps them was found';
  if (reach === 'near') {
    say(`constraints: ${none}: ${found}. There may be one: the search goes on.`);
    return feasibility;
  }
  const message = `constraints: ${none}: ${found}. Move the bound, or allow more compression.`;
  const facts = { nearest: closest, metrics, missed: misses.map(({ constraint }) => constraint.metric) };
  throw new NasError('SPACE_INFEASIBLE', message, { facts });
}

/** The candidates of a wish, each as near as it can be while it keeps the constraints. */
function keeping({ keyOf, say }: StartContext, feasibility: Feasibility, { origin, candidates }: Wish): InitialTrial[] {
  const kept = candidates.map((candidate) => feasibility.repair(candidate));
  const dropped = kept.filter((candidate) => candidate === undefined).length;
  const moved = candidates.filter((candidate, i) => kept[i] && keyOf(candidate) !== keyOf(kept[i])).length;
  const count = (number: number) => `${number} ${origin} candidate${number === 1 ? '' : 's'}`;
  if (moved > 0) say(`${count(moved)} would miss a constraint: the nearest that keep it are tried instead.`);
  if (dropped > 0) say(`${count(dropped)} left out: nothing near them keeps the constraints.`);
  return kept.flatMap((candidate) => (candidate ? [{ candidate, origin }] : []));
}

/** The first of each key. */
function distinct(trials: readonly InitialTrial[], keyOf: StartContext['keyOf']): InitialTrial[] {
  const seen = new Set<string>();
  return trials.filter(({ candidate }) => !seen.has(keyOf(candidate)) && seen.add(keyOf(candidate)));
}

/** Why a candidate need not be trained: what it is known to miss. */
export function refusalOf({ space, goal, predict }: Pick<StartContext, 'space' | 'goal' | 'predict'>) {
  const feasibility = new Feasibility({ space, constraints: goal.constraints, predict });
  return (candidate: Candidate): string | undefined => {
    const [miss] = feasibility.misses(candidate);
    if (!miss) return undefined;
    const { metric, op, bound } = miss.constraint;
    return `its ${metric} is ${formatMetric(metric, miss.value)}, asked for is ${op} ${formatMetric(metric, bound)}: known before training.`;
  };
}

/** `isAlone`: nothing else is asked for, so that what comes nearest is the extreme. */
function describeMiss({ constraint: { metric, op, bound }, value }: Miss, isAlone: boolean, isKnown: boolean): string {
  const which = isAlone ? extremes[op] : 'the nearest';
  const [asked, had] = [bound, value].map((number) => formatMetric(metric, number));
  const [exactly, hadExactly] = asked === had ? [bound, value] : [asked, had];
  return `${metric} ${op} ${exactly}, but ${which} ${isKnown ? 'there is' : 'found'} is ${hadExactly}`;
}

const extremes: Readonly<Record<Constraint['op'], string>> = { '<=': 'the least', '>=': 'the most' };
