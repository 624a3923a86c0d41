import type { Graph } from '../ir/graph.ts';

/** By `HxW`: the last activation [N, C, H, W] that has more than one place. Tokens and windows, [L, N, E], are no such. */
export function lastOfResolutions(graph: Graph): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  const activations = new Set(graph.inputs.map(({ name }) => name));
  const batch = graph.inputs[0]?.type.shape[0];
  for (const { inputs, outputs } of graph.nodes) {
    if (!inputs.some((input) => activations.has(input))) continue;
    for (const output of outputs) {
      activations.add(output);
      const { shape = [] } = graph.types[output] ?? {};
      const [first, , height = 1, width = 1] = shape;
      if (shape.length === 4 && first === batch && height * width > 1) last.set(`${height}x${width}`, output);
    }
  }
  return last;
}
