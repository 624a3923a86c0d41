import { fakeQuantsOf, isFakeQuant } from '../../ir/fake-quant.ts';
import type { Attributes, Graph, Node, Tensor } from '../../ir/graph.ts';
import { readInt } from '../../ir/ops/support/attributes.ts';
import { rebuild } from '../../ir/rebuild.ts';
import type { Affine } from './parameters.ts';

/** A quantization to put into a network that is trained. */
export interface Step {
  readonly scale: Tensor;
  readonly low: number;
  readonly high: number;
  readonly axis?: number;
  /** Whether the scale is trained too. */
  readonly learned: boolean;
}

export interface Simulation {
  /** By value; `onlyFor` are the nodes that read it quantized where others read it in floats. */
  readonly values: ReadonlyMap<string, Step & { readonly onlyFor?: ReadonlySet<string> }>;
  /** By the name of the layer. */
  readonly weights: ReadonlyMap<string, Step>;
}

/** The graph with fake quantization behind values and before weights. */
export function withFakeQuant(graph: Graph, { values, weights }: Simulation): Graph {
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  const insert = (name: string, input: string, step: Step): Node => {
    initializers[`${name}.step`] = step.scale;
    return fakeQuant(name, input, step);
  };
  const behind = (value: string) => {
    const step = values.get(value);
    return step ? [insert(`${value}.fq`, value, step)] : [];
  };
  const reads = (node: Node) => (value: string) => {
    const step = values.get(value);
    return step && (step.onlyFor?.has(node.name) ?? true) ? `${value}.fq` : value;
  };
  const nodes = graph.nodes.flatMap((node) => {
    const step = weights.get(node.name);
    const before = step ? [insert(`${node.name}.weight.fq`, node.inputs[1]!, step)] : [];
    const inputs = node.inputs.map(reads(node));
    const changed = { ...node, inputs: step ? inputs.with(1, before[0]!.outputs[0]!) : inputs };
    return [...before, changed, ...node.outputs.flatMap(behind)];
  });
  return rebuild(graph, { nodes: [...graph.inputs.flatMap(({ name }) => behind(name)), ...nodes], initializers });
}

function fakeQuant(name: string, input: string, { low, high, axis, learned }: Step): Node {
  const whole = (value: number) => ({ kind: 'int', value }) as const;
  const attributes: Attributes = { low: whole(low), high: whole(high), ...(axis === undefined ? {} : { axis: whole(axis) }) };
  const op = learned ? 'LearnedFakeQuant' : 'FakeQuant';
  return { op, domain: 'espalier', name, inputs: [input, `${name}.step`], outputs: [name], attributes };
}

/** What training made of the steps. */
export interface Trained {
  /** The graph without them. */
  readonly graph: Graph;
  readonly values: ReadonlyMap<string, Affine>;
  /** By the name of the layer, a scale per output channel. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Takes fake quantization out again. */
export function withoutFakeQuant(graph: Graph): Trained {
  const quantizers = fakeQuantsOf(graph);
  if (quantizers.size === 0) return { graph, values: new Map(), weights: new Map() };
  const values = new Map<string, Affine>();
  const weights = new Map<string, Float32Array>();
  const nodes = graph.nodes
    .filter((node) => !isFakeQuant(node))
    .map((node) => {
      node.inputs.forEach((input) => {
        const quantizer = quantizers.get(input);
        if (!quantizer) return;
        const [source, step] = quantizer.inputs as [string, string];
        const scales = (graph.initializers[step]!.data as Float32Array).map(positive);
        if (graph.initializers[source]) weights.set(node.name, scales);
        else values.set(source, { scale: scales[0]!, zeroPoint: -readInt(quantizer, 'low', 0) });
      });
      return { ...node, inputs: node.inputs.map((input) => quantizers.get(input)?.inputs[0] ?? input) };
    });
  return { graph: rebuild(graph, { nodes }), values, weights };
}

/** As the lowerings take a scale that training pushed to 0 or below. */
const positive = (scale: number) => Math.max(scale, 1e-8);
