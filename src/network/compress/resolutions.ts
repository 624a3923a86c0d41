import type { Graph } from '../ir/graph.ts';

/** By `HxW`: the last activation [N, C, H, W] that has more than one place. */
export function lastOfResolutions(graph: Graph): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  const activations = new Set(graph.inputs.map(({ name }) => name));
  for (const { inputs, outputs } of graph.nodes) {
    if (!inputs.some((input) => activations.has(input))) continue;
    for (const output of outputs) {
      activations.add(output);
      const [, , height = 1, width = 1] = graph.types[output]?.shape ?? [];
      if (height * width > 1) last.set(`${height}x${width}`, output);
    }
  }
  return last;
}
