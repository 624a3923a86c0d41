import { bodiesOf, mapBodies } from '../bodies.ts';
import { fakeQuantsOf } from '../fake-quant.ts';
import type { Graph, Node, Tensor } from '../graph.ts';
import { elementCount } from '../graph.ts';
import { readFloat, readInt } from '../ops/support/attributes.ts';
import { stepOf } from '../outlines.ts';
import { readersOf, rebuild } from '../rebuild.ts';
import { isZeros, zeros } from '../zeros.ts';

/**
 * Folds every BatchNormalization (inference form) that follows a Conv into that Conv's weights and bias, which may be
 * new. The folded Conv keeps its name and gives the value that BatchNormalization gave, so every value of the result
 * is a value of the original. Others stay: no Conv before them, the Conv's output read elsewhere, statistics that are
 * no initializers.
 *
 * Weights that are fake-quantized with a scale per output channel are folded together with their scales: the integers
 * stay what they were (but for the sign where the factor is negative).
 */
export function foldBatchNorm(graph: Graph): Graph {
  if (done.has(graph)) return graph;
  const folded = stepOf(
    graph,
    () => 'folded',
    () => fold(graph),
  );
  done.add(folded);
  return folded;
}

/** Graphs that nothing is left to be folded in. */
const done = new WeakSet<Graph>();

function fold(graph: Graph): Graph {
  const readers = readersOf(graph);
  const quantizers = fakeQuantsOf(graph);
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  const changed = new Map<Node, Node>();
  const absorbed = new Set<Node>();
  for (const conv of graph.nodes) {
    const quantizer = quantizers.get(conv.inputs[1] ?? '');
    const source = quantizer?.inputs[0] ?? conv.inputs[1] ?? '';
    const norm = foldableNorm(graph, readers, conv, source);
    if (!norm) continue;
    const { weight, bias, factor } = foldedParameters(graph, conv, norm, source);
    const names = [
      parameterName(graph, readers, conv, source, 'weight'),
      parameterName(graph, readers, conv, conv.inputs[2], 'bias'),
    ] as const;
    initializers[names[0]] = weight;
    initializers[names[1]] = bias;
    if (quantizer) {
      const scale = quantizer.inputs[1]!;
      initializers[scale] = scaled(initializers[scale]!, factor);
      changed.set(quantizer, { ...quantizer, inputs: [names[0], scale] });
    }
    const inputs = [conv.inputs[0]!, quantizer ? conv.inputs[1]! : names[0], names[1]];
    changed.set(conv, { ...conv, inputs, outputs: norm.outputs });
    absorbed.add(norm);
  }
  const nested = graph.nodes.some((node) => bodiesOf(node).length > 0);
  if (absorbed.size === 0 && !nested) return graph;
  const rest = graph.nodes.filter((node) => !absorbed.has(node));
  const nodes = rest.map((node) => mapBodies(changed.get(node) ?? node, foldBatchNorm));
  return rebuild(graph, { nodes, initializers });
}

/** Scales of channels whose weights are multiplied by factors. */
const scaled = (scale: Tensor, factor: Float64Array): Tensor => ({
  ...scale,
  data: (scale.data as Float32Array).map((value, c) => value * Math.abs(factor[c]!)),
});

/** The BatchNormalization that a Conv can absorb. */
function foldableNorm(graph: Graph, readers: ReadonlyMap<string, readonly Node[]>, conv: Node, weight: string): Node | undefined {
  if (conv.op !== 'Conv' || conv.domain !== '') return undefined;
  const output = conv.outputs[0]!;
  const [norm, ...others] = readers.get(output) ?? [];
  if (norm?.op !== 'BatchNormalization' || norm.domain !== '' || norm.inputs[0] !== output) return undefined;
  const constant = [weight, ...conv.inputs.slice(2), ...norm.inputs.slice(1)].every(
    (name) => name === '' || graph.initializers[name],
  );
  const alone = others.length === 0 && !graph.outputs.includes(output);
  const inference = readInt(norm, 'training_mode', 0) === 0 && norm.outputs.length === 1;
  return constant && alone && inference ? norm : undefined;
}

/** y = s·(W*x + b − mean) + beta with s = scale / √(var + ε): W' = s·W along axis 0, b' = s·(b − mean) + beta. */
function foldedParameters(
  graph: Graph,
  conv: Node,
  norm: Node,
  source: string,
): { weight: Tensor; bias: Tensor; factor: Float64Array } {
  const weight = graph.initializers[source]!;
  const bias = graph.initializers[conv.inputs[2] ?? ''];
  const [scale, beta, mean, variance] = norm.inputs.slice(1).map((name) => graph.initializers[name]!.data) as Float32Array[];
  const channels = weight.shape[0]!;
  if (isZeros(weight)) return { weight, bias: zeros('float32', [channels]), factor: new Float64Array(channels).fill(1) };
  const epsilon = readFloat(norm, 'epsilon', 1e-5);
  const factor = Float64Array.from({ length: channels }, (_, c) => scale![c]! / Math.sqrt(variance![c]! + epsilon));
  const perChannel = elementCount(weight.shape) / channels;
  const values = weight.data as Float32Array;
  const offset = (c: number) => Number(bias?.data[c] ?? 0) - mean![c]!;
  return {
    weight: { ...weight, data: values.map((value, i) => value * factor[Math.floor(i / perChannel)]!) },
    bias: { dtype: 'float32', shape: [channels], data: Float32Array.from(factor, (s, c) => s * offset(c) + beta![c]!) },
    factor,
  };
}

/** The parameter's own name where only this Conv reads it, else one after the layer. */
function parameterName(
  graph: Graph,
  readers: ReadonlyMap<string, readonly Node[]>,
  conv: Node,
  name: string | undefined,
  role: string,
): string {
  if (name && readers.get(name)!.length === 1) return name;
  const wish = `${conv.name}.${role}`;
  return graph.types[wish] ? `${wish}.folded` : wish;
}
