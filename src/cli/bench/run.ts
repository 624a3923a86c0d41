import { type Comparison, compare, type Runs, scalesOf } from '../../search/bench/compare.ts';
import type { Problem, ProblemDefinition } from '../../search/bench/problem.ts';
import { type AxisScale, yardstick } from '../../search/bench/quality.ts';
import { mean, quantile } from '../../search/bench/statistics.ts';
import { uniformExpectation } from '../../search/bench/uniform.ts';
import type { Contender } from './contender.ts';
import { type Played, play } from './play.ts';

export interface BenchSettings {
  readonly problems: readonly ProblemDefinition[];
  readonly contenders: readonly Contender[];
  readonly trials: number;
  readonly seeds: number;
  /** Simulated. */
  readonly workers: number;
}

export interface BenchReport {
  readonly trials: number;
  readonly seeds: number;
  readonly workers: number;
  readonly problems: readonly ProblemReport[];
}

export interface ProblemReport {
  readonly name: string;
  readonly summary: string;
  /** Controllers that cannot search this space, and why. */
  readonly refused: readonly { readonly controller: string; readonly reason: string }[];
  /** Started from nothing and, where the problem has anchors, from them. */
  readonly starts: readonly StartReport[];
  /** What even draws reach on average after the last trial, counted; absent where it cannot be. */
  readonly uniform?: Partial<Record<AxisScale, number>>;
}

export interface StartReport {
  readonly anchors: boolean;
  /** What the anchors alone reach; absent where there are none. */
  readonly anchorsAlone?: Partial<Record<AxisScale, number>>;
  /** By scale, the most telling first. */
  readonly comparisons: readonly Comparison[];
  readonly effort: readonly Effort[];
}

export interface Effort {
  readonly searcher: string;
  /** Milliseconds of a trial that the controller thinks: mean, and the 99th percentile. */
  readonly thinkingMs: { readonly mean: number; readonly p99: number };
  /** Part of the simulated time in which the workers had a trial, mean over the seeds. */
  readonly busy: number;
}

export interface BenchProgress {
  readonly done: number;
  readonly total: number;
  readonly problem: string;
  readonly searcher: string;
}

/** The searcher that all others are compared with. */
export const reference = 'random';

/** Every controller on every problem with every seed, one study each; `progress` hears of each. */
export async function runBench(settings: BenchSettings, progress: (progress: BenchProgress) => void): Promise<BenchReport> {
  const { trials, seeds, workers } = settings;
  const plans: ProblemPlan[] = [];
  for (const definition of settings.problems) plans.push(await planFor(definition.create(), settings));
  const total = plans.reduce((sum, { starts, able }) => sum + starts.length * able.length * seeds, 0);
  let done = 0;
  const problems: ProblemReport[] = [];
  for (const plan of plans) {
    const step = (searcher: string) => progress({ done: done++, total, problem: plan.problem.name, searcher });
    problems.push(await runProblem(plan, settings, step));
  }
  return { trials, seeds, workers, problems };
}

interface ProblemPlan {
  readonly problem: Problem;
  readonly able: readonly Contender[];
  readonly refused: ProblemReport['refused'];
  readonly starts: readonly boolean[];
}

async function planFor(problem: Problem, { contenders }: BenchSettings): Promise<ProblemPlan> {
  const asked = await Promise.all(contenders.map(async (each) => ({ each, reason: await each.refusal(problem) })));
  const refused = asked.flatMap(({ each, reason }) => (reason === undefined ? [] : [{ controller: each.name, reason }]));
  const able = asked.flatMap(({ each, reason }) => (reason === undefined ? [each] : []));
  return { problem, able, refused, starts: problem.anchors.length > 0 ? [false, true] : [false] };
}

async function runProblem(plan: ProblemPlan, settings: BenchSettings, step: (searcher: string) => void): Promise<ProblemReport> {
  const { problem, refused } = plan;
  const starts: StartReport[] = [];
  for (const anchors of plan.starts) starts.push(await runStart(plan, anchors, settings, step));
  const uniform = valuesByScale(problem, (scale) => uniformExpectation(problem, settings.trials, scale)?.at(-1));
  const { name, summary } = problem;
  return { name, summary, refused, starts, ...(uniform ? { uniform } : {}) };
}

async function runStart(
  { problem, able }: ProblemPlan,
  anchors: boolean,
  { trials, seeds, workers }: BenchSettings,
  step: (searcher: string) => void,
): Promise<StartReport> {
  const runs: Runs[] = [];
  const effort: Effort[] = [];
  for (const contender of able) {
    const played: Played[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      step(contender.name);
      played.push(await play({ problem, contender, seed: `bench/${seed}`, trials, workers, anchors }));
    }
    runs.push({ searcher: contender.name, seeds: played.map(({ metrics }) => metrics) });
    effort.push(effortOf(contender.name, played));
  }
  const alone = anchors
    ? valuesByScale(problem, (scale) => yardstick(problem, scale).curve(problem.anchors.map(problem.measure)).at(-1))
    : undefined;
  return {
    anchors,
    ...(alone ? { anchorsAlone: alone } : {}),
    comparisons: scalesOf(problem).map((scale) => compare(problem, runs, scale, trials, reference)),
    effort,
  };
}

function effortOf(searcher: string, played: readonly Played[]): Effort {
  const thinking = played.flatMap(({ thinkingMs }) => thinkingMs);
  return {
    searcher,
    thinkingMs: { mean: mean(thinking), p99: quantile(thinking, 0.99) },
    busy: mean(played.map(({ busy }) => busy)),
  };
}

/** A value for each scale of the problem; undefined where there is none for the first. */
function valuesByScale(
  problem: Problem,
  measure: (scale: AxisScale) => number | undefined,
): Partial<Record<AxisScale, number>> | undefined {
  const values = scalesOf(problem).map((scale) => [scale, measure(scale)] as const);
  return values.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(values);
}
