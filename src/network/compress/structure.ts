import type { Plan } from '../../core/candidate.ts';
import type { Graph } from '../ir/graph.ts';
import { foldBatchNorm } from '../ir/passes/fold-batchnorm.ts';
import { finalize, placeholders, questionsOf, rewrite, statisticsNeeded, structureIsKnown } from './recipe.ts';
import type { Need, Statistics, ValueStatistics } from './technique.ts';

/** Stand in for what would be measured: no structure may depend on it. */
function someStatistics(graph: Graph, { value }: Need): ValueStatistics {
  return { min: -1, max: 1, histogram: [1, 1], channelMeans: new Float64Array(graph.types[value]!.shape[1] ?? 1) };
}

/**
 * What a plan will end in, as far as its structure goes: every node, type and name of the graph that would be exported,
 * with numbers that mean nothing. `graph`: the dense network without its values (`withoutValues`).
 * Undefined where a technique makes the structure depend on trained values.
 */
export function finalStructure(graph: Graph, plan: Plan): Graph | undefined {
  if (!structureIsKnown(plan)) return undefined;
  const findings = placeholders(graph, questionsOf(graph, plan));
  const folded = foldBatchNorm(rewrite(graph, plan, findings));
  const statistics: Statistics = Object.fromEntries(
    statisticsNeeded(folded, plan).map((need) => [need.value, someStatistics(folded, need)]),
  );
  return finalize(folded, plan, statistics);
}
