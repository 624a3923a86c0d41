import { shippedContender } from '../../src/cli/bench/contender.ts';
import { type PlayedJob, play } from '../../src/cli/bench/play.ts';
import type { Candidate } from '../../src/core/candidate.ts';
import type { ControllerDefinition } from '../../src/core/controller.ts';
import { pick } from '../../src/core/errors.ts';
import { losses, type Metrics, violation } from '../../src/core/objective.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { yardstick } from '../../src/search/bench/quality.ts';
import { median } from '../../src/search/bench/statistics.ts';
import { Elite } from '../../src/search/controllers/elite.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import { schedulers } from '../../src/search/schedulers/index.ts';
import type { Space } from '../../src/search/space/space.ts';
import { foretold, networksOf } from './foretold.ts';
import { type OwnRuns, ownRun } from './ours.ts';
import type { Promised } from './promises.ts';
import { schedulersVersion } from './source-version.ts';
import type { Start } from './starts.ts';
import { wellInformed } from './well-informed.ts';

const fullTrials = 100;
const budget = fullTrials / 3;

/** What a scheduler has found when it has spent a third of the epochs of the search that trains all trials to their end. */
export async function fewerEpochs(problem: Problem, seeds: number, own: OwnRuns): Promise<Promised[]> {
  const why = whatEarlyResultsAreWorth(problem);
  const found: Promised[] = [];
  for (const name of ['surrogate', 'tpe', 'evolution'])
    for (const anchors of [true, false]) found.push({ ...(await fewerEpochsOf({ problem, anchors }, name, seeds, own)), why });
  return found;
}

async function fewerEpochsOf({ problem, anchors }: Start, name: string, seeds: number, own: OwnRuns): Promise<Promised> {
  const { curve } = yardstick(problem, 'log');
  const definition = pick('controller', controllers, name);
  const [full, fewer, part]: [number[], number[], number[]] = [[], [], []];
  for (let seed = 1; seed <= seeds; seed++) {
    const reached = curve(await ownRun({ problem, anchors }, definition, seed, fullTrials, own));
    full.push(reached.at(-1)!);
    fewer.push(reached[Math.floor(fullTrials / 3) - 1]!);
    part.push(curve(await ashaRun({ problem, anchors }, definition, seed, own)).at(-1)!);
  }
  const share = median(part) / median(full);
  const [all, third, asha] = [full, fewer, part].map((values) => median(values).toFixed(4));
  return {
    promise: `asha with a third of the epochs reaches the hypervolume of ${fullTrials} full trainings (${problem.name}, ${name}, ${anchors ? 'from' : 'without'} anchors)`,
    found: `${asha} against ${all}, ${(100 * share).toFixed(1)} %; a third of the full trainings: ${third}`,
    met: share >= 1,
  };
}

/** What a search under the scheduler measured until the budget was spent, in the order of its jobs: kept, or a new one that is kept. */
async function ashaRun(
  { problem, anchors }: Start,
  definition: ControllerDefinition<Space>,
  seed: number,
  { kept, version }: OwnRuns,
): Promise<(Metrics | undefined)[]> {
  const trials = trialsFor(problem);
  const run = { problem, anchors, searcher: `${definition.name}-asha`, version: schedulersVersion(version), trials, seed };
  if (!kept.get(run)) {
    const contender = shippedContender(definition);
    const scheduler = pick('scheduler', schedulers, 'asha');
    const { jobs } = await play({ problem, contender, seed: `quality/${seed}`, trials, workers: 1, anchors, scheduler });
    kept.add(run, paidFor(jobs));
  }
  return kept.get(run)!;
}

/** More than the budget can pay for: of every rung an eta-th goes on. */
function trialsFor(problem: Problem): number {
  const shares = problem.rungs!(networksOf(problem)[0]!).map(({ share }) => share);
  const eta = shares[1]! / shares[0]!;
  const perTrial = shares.reduce((sum, share, rung) => sum + (share - (shares[rung - 1] ?? 0)) / eta ** rung, 0);
  return Math.ceil((1.5 * budget) / perTrial);
}

/** How much the results of the first rung help to find the best networks: what stands in the way of every scheduler here. */
function whatEarlyResultsAreWorth(problem: Problem): string {
  const { count, hypervolume } = ceilingOf(problem);
  const whole = Math.floor(budget);
  const [third, all] = [whole, fullTrials].map((trainings) => wellInformed(problem, trainings).toFixed(4));
  const [blind, told] = [foretold(problem), foretold(problem, firstRung)].map((points) => points.toFixed(2));
  return `${problem.name}: were the first rung of every network given for nothing, ${count} full trainings of what looks best there would reach ${hypervolume.toFixed(4)}. From the choices alone, each and in pairs, the accuracy at the end is foretold with a standard error of ${blind} points; from the choices and the accuracy at the first rung with ${told}. A search that knew as much as the choices tell from its start, and trained what promises most, would reach ${third} with the ${whole} full trainings of this budget, and ${all} with ${fullTrials}: what lies between is chance.`;
}

const firstRung = (problem: Problem, candidate: Candidate) => problem.rungs!(candidate)[0]!.metrics.accuracy!;

/**
 * What a scheduler can hope for that goes by its first rung: where that of every network cost nothing, and the whole budget went
 * into training the best of them to their end.
 */
function ceilingOf(problem: Problem): { readonly count: number; readonly hypervolume: number } {
  const rungsOf = problem.rungs!;
  const networks = networksOf(problem);
  const count = Math.floor(budget / (1 - rungsOf(networks[0]!)[0]!.share));
  const best = new Elite(count);
  for (const [trial, candidate] of networks.entries()) {
    const { metrics } = rungsOf(candidate)[0]!;
    const { objectives, constraints } = problem.goal;
    best.add({ trial, candidate, losses: losses(metrics, objectives), violation: violation(metrics, constraints) });
  }
  const { curve } = yardstick(problem, 'log');
  const trained = best.members().map(({ candidate }) => problem.measure(candidate));
  return { count, hypervolume: curve(trained).at(-1)! };
}

/** What was measured until the budget was spent. */
function paidFor(jobs: readonly PlayedJob[]): Metrics[] {
  let left = budget;
  const paid = jobs.flatMap(({ share, metrics }) => {
    left -= share;
    return left >= -1e-9 ? [metrics] : [];
  });
  if (left > 0) throw new RangeError(`${jobs.length} jobs spend less than the budget`);
  return paid;
}
