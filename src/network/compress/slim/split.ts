import { Builder } from '../../ir/builder.ts';
import type { Graph, Node, Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { readFloat } from '../../ir/ops/support/attributes.ts';
import { rebuild } from '../../ir/rebuild.ts';
import { isZeros } from '../../ir/zeros.ts';
import { removeChannels } from '../channels/remove.ts';
import { addGate, gateNames } from '../gate.ts';
import type { Chain } from './chains.ts';

/** Of what a gate opens; the narrow part keeps the names. */
const suffix = '#wide';

/** Of the gate of a chain, by the name of its first layer. */
export const slimNames = (site: string) => gateNames(`${site}.wide`);

/**
 * The chain as two side by side whose sum is what it gave: one with the channels of `narrow`, which runs for every image, and one
 * with the others, which a gate opens. Each has a BatchNormalization of its own, since each has statistics of its own (Yu et al.
 * 2019, Slimmable Neural Networks); together they give in inference what the one gave.
 */
export function split(graph: Graph, { group, source, nodes, consumer, norm }: Chain, narrow: readonly number[]): Graph {
  const kept = new Set(narrow);
  const others = Array.from({ length: group.channels }, (_, channel) => channel).filter((channel) => !kept.has(channel));
  const [slim, rest] = [narrow, others].map((keep) => removeChannels(graph, [{ group, keep }])) as [Graph, Graph];
  const names = new Set(nodes.map(({ name }) => name));
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const wide = partOf(rest, { names, made, consumer });
  const result = (norm ?? consumer).outputs[0]!;
  const norms = norm ? normShares(graph, { slim, rest }, consumer, norm) : {};
  const initializers = { ...slim.initializers, ...wide.initializers, ...norms };

  const narrowValue = `${result}#narrow`;
  const b = Builder.from(rebuild({ ...slim, initializers }, { nodes: [...slim.nodes, ...wide.nodes] }));
  const from = b.nodes.length;
  const own = slimNames(group.name);
  addGate(b, own, { source, value: `${result}${suffix}`, stream: ['slim', group.name] });
  const gate = b.nodes.slice(from);
  const sum: Node = {
    op: 'Add',
    domain: '',
    name: `${group.name}.slim`,
    inputs: [narrowValue, own.gated],
    outputs: [result],
    attributes: {},
  };
  const last = (norm ?? consumer).name;
  const merged = slim.nodes.flatMap((node) =>
    node.name === last ? [{ ...node, outputs: [narrowValue] }, ...wide.nodes, ...gate, sum] : [node],
  );
  return rebuild({ ...slim, initializers: b.initializers }, { nodes: merged });
}

/** The chain's nodes with names, values and parameters of their own. A bias is added once only. */
function partOf(
  { nodes, initializers }: Graph,
  { names, made, consumer }: { names: ReadonlySet<string>; made: ReadonlySet<string>; consumer: Node },
): { readonly nodes: readonly Node[]; readonly initializers: Graph['initializers'] } {
  const chain = nodes.filter(({ name }) => names.has(name));
  const own: Record<string, Tensor> = {};
  const renamed = (input: string) => {
    const tensor = initializers[input];
    if (tensor) own[`${input}${suffix}`] = tensor;
    return tensor || made.has(input) ? `${input}${suffix}` : input;
  };
  const copies = chain.map((node) => {
    const inputs = node.name === consumer.name ? node.inputs.slice(0, 2) : node.inputs;
    const outputs = node.outputs.map((output) => `${output}${suffix}`);
    return { ...node, name: `${node.name}${suffix}`, inputs: inputs.map(renamed), outputs };
  });
  return { nodes: copies, initializers: own };
}

/**
 * Parameters of the two norms. Of every channel's variance each part is given the share that its weights have of the squared
 * weights, and scaled so that in inference both stay in proportion.
 */
function normShares(graph: Graph, parts: { slim: Graph; rest: Graph }, consumer: Node, norm: Node): Graph['initializers'] {
  const [scale, beta, mean, variance] = norm.inputs.slice(1, 5) as [string, string, string, string];
  const before = (name: string) => graph.initializers[name]!;
  if (isZeros(before(scale))) return {}; // a network without values
  const epsilon = readFloat(norm, 'epsilon', 1e-5);
  const energies = [parts.slim, parts.rest].map((part) => energiesOf(part.initializers[consumer.inputs[1]!]!)) as [
    Float64Array,
    Float64Array,
  ];
  const all = energies[0].map((energy, c) => energy + energies[1][c]!);
  const found: Record<string, Tensor> = {};
  for (const [i, end] of (['', suffix] as const).entries()) {
    const share = (c: number) => (all[c]! > 0 ? energies[i]![c]! / all[c]! : 0.5);
    const spread = (c: number) => Math.max(0, share(c) * (Number(before(variance).data[c]) + epsilon) - epsilon);
    const factor = (c: number) => Math.sqrt((spread(c) + epsilon) / (Number(before(variance).data[c]) + epsilon));
    const put = (name: string, value: (c: number) => number) => {
      const tensor = before(name);
      found[`${name}${end}`] = { ...tensor, data: Float32Array.from({ length: tensor.data.length }, (_, c) => value(c)) };
    };
    put(scale, (c) => Number(before(scale).data[c]) * factor(c));
    put(beta, (c) => (end === '' ? Number(before(beta).data[c]) : 0));
    put(mean, (c) => Number(before(mean).data[c]) * share(c));
    put(variance, spread);
  }
  return found;
}

/** Of weights [out, …]: the sum of squares per output. */
function energiesOf({ shape, data }: Tensor): Float64Array {
  const size = elementCount(shape.slice(1));
  const sums = new Float64Array(shape[0]!);
  for (let i = 0; i < data.length; i++) sums[Math.floor(i / size)]! += Number(data[i]) ** 2;
  return sums;
}
