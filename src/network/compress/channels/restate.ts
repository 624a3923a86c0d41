import type { Graph, Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import type { Findings } from '../technique.ts';
import { effectsAfter } from './importance.ts';
import { type Cut, sliced } from './remove.ts';

/** The findings about a network once channels were removed from it: they lose what its parameters and activations lose. */
export function findingsAfterCuts(graph: Graph, cuts: readonly Cut[], findings: Findings): Findings {
  const { gradients, activity, effects } = findings;
  return {
    gradients: gradients.map((batch) => changedGradients(graph, batch, ({ initializers }) => sliced(initializers, cuts))),
    activity: activityAfterCuts(cuts, activity),
    effects: cuts.reduce((known, { group, keep }) => effectsAfter(known, group, keep), effects),
  };
}

function activityAfterCuts(cuts: readonly Cut[], activity: Findings['activity']): Findings['activity'] {
  const known = { ...activity };
  for (const { value } of cuts.flatMap(({ group }) => group.values)) {
    const numbers = activity[value];
    if (numbers) known[value] = pickedFrom(numbers, placesOf(value, cuts, numbers.length));
  }
  return known;
}

/** Places of a value's channel axis that stay: several groups may share it, after a Concat. */
function placesOf(value: string, cuts: readonly Cut[], length: number): readonly number[] {
  const all = Array.from({ length }, (_, place) => place);
  const goesIn = ({ group, keep }: Cut) => {
    const channels = group.values.find((each) => each.value === value)?.channels;
    return (place: number) => channels !== undefined && channels[place] !== -1 && !keep.includes(channels[place]!);
  };
  const gone = cuts.map(goesIn);
  return all.filter((place) => !gone.some((goes) => goes(place)));
}

export const pickedFrom = (numbers: ArrayLike<number>, places: readonly number[]): Float32Array =>
  Float32Array.from(places, (place) => numbers[place]!);

/** Gradients changed as if they were the parameters that they belong to. */
export function changedGradients(
  graph: Graph,
  gradients: Readonly<Record<string, Float32Array>>,
  change: (graph: Graph) => Graph['initializers'],
): Record<string, Float32Array> {
  const tensors = Object.entries(gradients).flatMap(([name, data]) => {
    const shape = graph.types[name]?.shape;
    const tensor: Tensor | undefined = shape && { dtype: 'float32', shape, data };
    return tensor && elementCount(tensor.shape) === data.length ? [[name, tensor] as const] : [];
  });
  const initializers = change({ ...graph, initializers: { ...graph.initializers, ...Object.fromEntries(tensors) } });
  return Object.fromEntries(tensors.map(([name]) => [name, initializers[name]!.data as Float32Array]));
}
