import type { Plan } from '../../core/candidate.ts';
import { elementCount, type Graph } from '../ir/graph.ts';
import { layersOf, wholeOf } from '../ir/layers.ts';
import { macs } from '../ir/macs.ts';
import { foldBatchNorm } from '../ir/passes/fold-batchnorm.ts';
import { placeholders, questionsOf, rewrite, structureIsKnown } from './recipe.ts';

/** What one layer of a network costs, with all parts that it was factored into. */
export interface LayerCosts {
  readonly layer: string;
  /** For the graph's own batch. */
  readonly macs: number;
  /** Weights and bias, however they are stored. */
  readonly params: number;
}

/**
 * What a plan leaves of every layer, in the order in which they run; layers that are left out are absent. `dense`: the
 * uncompressed network without its values (`withoutValues`). Undefined where it depends on trained values.
 */
export function layerCosts(dense: Graph, plan: Plan): LayerCosts[] | undefined {
  if (!structureIsKnown(plan)) return undefined;
  const graph = foldBatchNorm(rewrite(dense, plan, placeholders(dense, questionsOf(dense, plan))));
  const { byNode } = macs(graph);
  const costs = new Map<string, LayerCosts>();
  for (const { name, node, weight } of layersOf(graph)) {
    const layer = wholeOf(name);
    const before = costs.get(layer) ?? { layer, macs: 0, params: 0 };
    const params = [weight, node.inputs[2] ?? ''].reduce((sum, input) => sum + sizeOf(graph, input), 0);
    costs.set(layer, { layer, macs: before.macs + (byNode[name] ?? 0), params: before.params + params });
  }
  return [...costs.values()];
}

const sizeOf = ({ initializers }: Graph, name: string): number => {
  const tensor = initializers[name];
  return tensor ? elementCount(tensor.shape) : 0;
};
