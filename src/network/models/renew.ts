import type { Graph, Tensor } from '../ir/graph.ts';
import { layersOf } from '../ir/layers.ts';
import { parameterNames } from '../ir/macs.ts';
import { trainedVectors } from '../ir/trained.ts';
import { filled, initialWeight } from './layers.ts';

/**
 * The same network before any training, in training form: weights drawn as those of our own families are (which it leaves as
 * they are where they have that seed), biases 0, BatchNormalization as the identity. Constants that are not trained stay.
 */
export function withNewWeights(graph: Graph, seed: string): Graph {
  const initializers = { ...graph.initializers };
  const renew = (name: string | undefined, make: (old: Tensor) => Tensor) => {
    const old = name === undefined ? undefined : initializers[name];
    if (old) initializers[name!] = make(old);
  };
  const constant = (value: number) => (old: Tensor) => ({ ...old, data: filled(old.shape, value).data });
  for (const name of parameterNames(graph)) renew(name, constant(0));
  for (const { weight, outputAxis } of layersOf(graph))
    renew(weight, ({ shape }) => initialWeight(seed, weight, shape, outputAxis));
  const vectors = new Set(trainedVectors(graph));
  for (const { op, inputs } of graph.nodes) {
    if (op === 'Add' || op === 'Mul')
      for (const name of inputs) if (vectors.has(name)) renew(name, constant(op === 'Add' ? 0 : 1));
    if (op !== 'BatchNormalization') continue;
    const [, scale, bias, mean, variance] = inputs;
    for (const name of [scale, variance]) renew(name, constant(1));
    for (const name of [bias, mean]) renew(name, constant(0));
  }
  return { ...graph, initializers };
}
