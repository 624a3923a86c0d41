import type { Candidate } from '../core/candidate.ts';
import { NasError } from '../core/errors.ts';
import type { Goal, Metrics } from '../core/objective.ts';
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

/**
 * What a study starts with: the dense network, then uniform anchors as near as the space allows. Anchors that are known to
 * miss a constraint give way to the nearest candidates that keep it. No two mean the same network.
 *
 * Throws NasError SPACE_INFEASIBLE where no candidate can keep the constraints that are known before training.
 */
export function startingTrials(context: StartContext): InitialTrial[] {
  const { model, space, goal, keyOf, predict } = context;
  const feasibility = new Feasibility({ space, constraints: goal.constraints, predict });
  const graph = structureOf(model);
  const plain = nearest(space, identityPlan);
  const dense = keyOf(plain) === keyOf(baselineCandidate) ? plain : baselineCandidate;
  const wished = anchors.map(({ settings }) => nearest(space, uniformPlan(graph, settings)));
  const kept = wished.map((candidate) => feasibility.repair(candidate));
  if ([dense, ...kept].every((candidate) => !candidate || feasibility.misses(candidate).length > 0)) {
    refuseHopeless(feasibility, predict);
  }
  report(context, wished, kept);
  const uniform = kept.flatMap((candidate) => (candidate ? [{ candidate, origin: 'anchor' }] : []));
  return distinct([{ candidate: dense, origin: 'baseline' }, ...uniform], keyOf);
}

/** The first of each key. */
function distinct(trials: readonly InitialTrial[], keyOf: StartContext['keyOf']): InitialTrial[] {
  const seen = new Set<string>();
  return trials.filter(({ candidate }) => !seen.has(keyOf(candidate)) && seen.add(keyOf(candidate)));
}

function report({ keyOf, say }: StartContext, wished: readonly Candidate[], kept: readonly (Candidate | undefined)[]): void {
  const dropped = kept.filter((candidate) => candidate === undefined).length;
  const moved = wished.filter((candidate, i) => kept[i] && keyOf(candidate) !== keyOf(kept[i])).length;
  if (moved > 0) say(`${anchorCount(moved)} would miss a constraint: the nearest that keep it are tried instead.`);
  if (dropped > 0) say(`${anchorCount(dropped)} left out: nothing near them keeps the constraints.`);
}

const anchorCount = (count: number) => (count === 1 ? '1 anchor' : `${count} anchors`);

/** Where even the candidate that comes nearest misses, no trial need be spent to know it. */
function refuseHopeless(feasibility: Feasibility, predict: StartContext['predict']): never {
  const nearest = feasibility.nearestToFeasible();
  const misses = feasibility.misses(nearest);
  const found = misses.map(describeMiss).join('; ');
  const message = `constraints: no candidate of this space can keep them: ${found}. Move the bound, or allow more compression.`;
  const facts = { nearest, metrics: { ...predict(nearest) }, missed: misses.map(({ constraint }) => constraint.metric) };
  throw new NasError('SPACE_INFEASIBLE', message, { facts });
}

function describeMiss({ constraint: { metric, op, bound }, value }: Miss): string {
  const extreme = op === '<=' ? 'the least' : 'the most';
  return `${metric} ${op} ${formatMetric(metric, bound)}, but ${extreme} there is is ${formatMetric(metric, value)}`;
}
