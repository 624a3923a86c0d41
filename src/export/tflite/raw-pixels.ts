import { mapBodies } from '../../network/ir/bodies.ts';
import type { Graph, Node, Tensor } from '../../network/ir/graph.ts';
import type { ModelInput } from '../formats/format.ts';

/**
 * The same network for pictures of 0 … 1 that are not normalised: it does that itself, x / std − mean / std per channel. Libraries
 * that prepare pictures for a TensorFlow Lite model (MediaPipe) know one mean and one deviation for all channels.
 */
export function takePixels(graph: Graph, { mean, std }: Pick<ModelInput, 'mean' | 'std'>): Graph {
  const [input] = graph.inputs as [Graph['inputs'][number]];
  const normalised = `${input.name}/normalised`;
  const scaled = `${input.name}/scaled`;
  const perChannel = (values: readonly number[]): Tensor => ({
    dtype: 'float32',
    shape: [values.length, 1, 1],
    data: Float32Array.from(values),
  });
  const constants = {
    [`${input.name}/factor`]: perChannel(std.map((deviation) => 1 / deviation)),
    [`${input.name}/term`]: perChannel(std.map((deviation, i) => -mean[i]! / deviation)),
  };
  const [factor, term] = Object.keys(constants) as [string, string];
  const node = (op: string, inputs: readonly string[], output: string): Node => ({
    op,
    domain: '',
    name: output,
    inputs,
    outputs: [output],
    attributes: {},
  });
  const swap = (name: string) => (name === input.name ? normalised : name);
  const swapped = (each: Node): Node =>
    mapBodies({ ...each, inputs: each.inputs.map(swap) }, (body) => ({
      ...body,
      nodes: body.nodes.map(swapped),
      types: { ...body.types, [normalised]: input.type },
    }));
  const rest = graph.nodes.map(swapped);
  const constantTypes = Object.entries(constants).map(([name, { dtype, shape }]) => [name, { dtype, shape }] as const);
  return {
    ...graph,
    nodes: [node('Mul', [input.name, factor], scaled), node('Add', [scaled, term], normalised), ...rest],
    initializers: { ...graph.initializers, ...constants },
    types: { ...graph.types, ...Object.fromEntries(constantTypes), [scaled]: input.type, [normalised]: input.type },
  };
}
