import type { Plan } from '../../core/candidate.ts';
import type { Graph } from '../ir/graph.ts';
import { foldBatchNorm } from '../ir/passes/fold-batchnorm.ts';
import { finalize, placeholders, questionsOf, rewrite, statisticsNeeded, structureIsKnown } from './recipe.ts';
import type { Statistics } from './technique.ts';

/** Stands in for every range: no structure may depend on a measured one. */
const someRange = { min: -1, max: 1 };

/**
 * What a plan will end in, as far as its structure goes: every node, type and name of the graph that would be exported,
 * with numbers that mean nothing. `graph`: the dense network without its values (`withoutValues`).
 * Undefined where a technique makes the structure depend on trained values.
 */
export function finalStructure(graph: Graph, plan: Plan): Graph | undefined {
  if (!structureIsKnown(plan)) return undefined;
  const findings = placeholders(graph, questionsOf(graph, plan));
  const folded = foldBatchNorm(rewrite(graph, plan, findings));
  const statistics: Statistics = Object.fromEntries(statisticsNeeded(folded, plan).map((value) => [value, someRange]));
  return finalize(folded, plan, statistics);
}
