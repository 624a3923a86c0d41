import type { Metrics } from '../../src/core/objective.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { placing, yardstick } from '../../src/search/bench/quality.ts';
import { ExpectedImprovement } from '../../src/search/controllers/surrogate/improvement.ts';
import { foretellings, foretold } from './foretold.ts';

/**
 * The hypervolume after so many full trainings of a search that need not learn anything: it has what all other networks say of
 * each, from their whole trainings, and trains what promises the largest growth by that. What it lacks is chance.
 */
export function wellInformed(problem: Problem, trainings: number): number {
  const place = placing(problem, 'log');
  const error = foretold(problem) / 100;
  const left = foretellings(problem).map(({ candidate, accuracy }) => {
    const metrics = problem.measure(candidate);
    const [expected, better] = [accuracy, accuracy + error].map((value) => place({ ...metrics, accuracy: value }));
    const losses = expected!.map((mean, k) => ({ mean, deviation: mean - better![k]! }));
    return { metrics, losses };
  });
  const trained: Metrics[] = [];
  while (trained.length < trainings) {
    const improvement = new ExpectedImprovement(
      trained.map(place),
      problem.goal.objectives.map(() => 1),
    );
    const worths = left.map(({ losses }) => improvement.of(losses));
    const [best] = left.splice(worths.indexOf(Math.max(...worths)), 1);
    trained.push(best!.metrics);
  }
  return yardstick(problem, 'log').curve(trained).at(-1)!;
}
