import { isFakeQuant } from '../../ir/fake-quant.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { readInt, readInts } from '../../ir/ops/support/attributes.ts';
import type { Labels, ValueLabel } from './labels.ts';

/**
 * How an op carries channels from its inputs to its output. `label` ties what must stay equal and labels the output;
 * an op without a rule keeps every channel that it reads. `resize` adapts the node once its initializers were cut.
 */
export interface ChannelRule {
  readonly label: (labels: Labels, node: Node) => void;
  readonly resize?: (node: Node, before: Graph['initializers'], after: Graph['initializers']) => Node;
}

const carry: ChannelRule = {
  label: (labels, node) => {
    const label = labels.of(node.inputs[0]!);
    if (label) labels.set(node.outputs[0]!, label);
    else labels.refuse(node);
  },
};

/** Pooling: channels on axis 1 pass, the axes after it shrink. */
const pool: ChannelRule = {
  label: (labels, node) => (labels.of(node.inputs[0]!)?.axis === 1 ? carry.label(labels, node) : labels.refuse(node)),
};

/** W: [out, in/group, …]. Group 1 and depthwise; other groups keep all their channels. */
const conv: ChannelRule = {
  label: (labels, node) => {
    const [x, weight, bias] = node.inputs as [string, string, string?];
    const group = readInt(node, 'group', 1);
    const channels = labels.shape(x)[1]!;
    const fixed = !labels.isInitializer(weight) || (bias && !labels.isInitializer(bias)) || (group !== 1 && group !== channels);
    if (fixed) return labels.refuse(node);
    const input = labels.read(x, 1);
    if (group === 1) labels.tie(labels.ofInitializer(weight, 1, 'consumer'), input);
    const output = labels.ofInitializer(weight, 0, group === 1 ? 'producer' : 'follower', group === 1 ? node.name : undefined);
    const multiplier = output.length / channels;
    if (group !== 1) labels.tie(output, repeat(input, 1, multiplier));
    if (bias) labels.tie(labels.ofInitializer(bias, 0, 'follower'), output);
    labels.set(node.outputs[0]!, { axis: 1, atoms: output });
  },
  resize: (node, before, after) => {
    const group = readInt(node, 'group', 1);
    const weight = node.inputs[1]!;
    if (group === 1 || !after[weight]) return node;
    const value = (group * after[weight].shape[0]!) / before[weight]!.shape[0]!;
    return { ...node, attributes: { ...node.attributes, group: { kind: 'int', value } } };
  },
};

const gemm: ChannelRule = {
  label: (labels, node) => {
    const [x, weight, bias] = node.inputs as [string, string, string?];
    const fixed = readInt(node, 'transA', 0) !== 0 || !labels.isInitializer(weight) || (bias && !labels.isInitializer(bias));
    if (fixed) return labels.refuse(node);
    const [outputAxis, inputAxis] = readInt(node, 'transB', 0) ? [0, 1] : [1, 0];
    labels.tie(labels.ofInitializer(weight, inputAxis, 'consumer'), labels.read(x, 1));
    const output = labels.ofInitializer(weight, outputAxis, 'producer', node.name);
    if (bias) tieBroadcast(labels, bias, { axis: 1, atoms: output }, 2);
    labels.set(node.outputs[0]!, { axis: 1, atoms: output });
  },
};

/** x: [..., in] · W: [in, out]. */
const matMul: ChannelRule = {
  label: (labels, node) => {
    const [x, weight] = node.inputs as [string, string];
    const axis = labels.shape(x).length - 1;
    if (!labels.isInitializer(weight) || labels.shape(weight).length !== 2 || axis < 1) return labels.refuse(node);
    labels.tie(labels.ofInitializer(weight, 0, 'consumer'), labels.read(x, axis));
    labels.set(node.outputs[0]!, { axis, atoms: labels.ofInitializer(weight, 1, 'producer', node.name) });
  },
};

const normalization: ChannelRule = {
  label: (labels, node) => {
    const [x, ...parameters] = node.inputs as [string, ...string[]];
    if (!parameters.every((name) => labels.isInitializer(name))) return labels.refuse(node);
    const atoms = labels.read(x, 1);
    for (const name of parameters) labels.tie(labels.ofInitializer(name, 0, 'follower'), atoms);
    labels.set(node.outputs[0]!, { axis: 1, atoms });
  },
};

/** Elementwise with broadcasting: all operands agree on the channel axis, counted from the end, or have size 1 there. */
const elementwise: ChannelRule = {
  label: (labels, node) => {
    const rank = labels.shape(node.outputs[0]!).length;
    const known = node.inputs.flatMap((name) => {
      const label = labels.of(name);
      return label ? [{ axis: label.axis + rank - labels.shape(name).length, atoms: label.atoms }] : [];
    });
    const widest = known.reduce<ValueLabel | undefined>((a, b) => (a && a.atoms.length >= b.atoms.length ? a : b), undefined);
    if (
      !widest ||
      known.some(({ axis }) => axis !== widest.axis) ||
      !node.inputs.every((name) => tieBroadcast(labels, name, widest, rank))
    )
      return labels.refuse(node);
    labels.set(node.outputs[0]!, widest);
  },
};

/**
 * Ties an operand to the channels of the output that it is broadcast to. Size 1 along the channels serves all of them
 * and stays. False where the operand is an activation of which nothing is known.
 */
function tieBroadcast(labels: Labels, operand: string, output: ValueLabel, rank: number): boolean {
  const shape = labels.shape(operand);
  const axis = output.axis - (rank - shape.length);
  const label = labels.of(operand);
  if (axis < 0 || shape[axis] !== output.atoms.length) {
    if (label) labels.pin(label.atoms);
    return true;
  }
  if (!label && !labels.isInitializer(operand)) return false;
  labels.tie(label ? label.atoms : labels.ofInitializer(operand, axis, 'follower'), output.atoms);
  return true;
}

/** Along the channels: one after the other. Along another axis: equal channels. */
const concat: ChannelRule = {
  label: (labels, node) => {
    const known = node.inputs.flatMap((name) => labels.of(name) ?? []);
    const axis = known[0]?.axis;
    if (axis === undefined || known.some((label) => label.axis !== axis)) return labels.refuse(node);
    const rank = labels.shape(node.outputs[0]!).length;
    const along = (readInt(node, 'axis', 0) + rank) % rank;
    const parts = node.inputs.map((name) =>
      labels.isInitializer(name) ? labels.ofInitializer(name, axis, 'follower') : labels.read(name, axis),
    );
    if (along !== axis) for (const part of parts) labels.tie(part, parts[0]!);
    labels.set(node.outputs[0]!, { axis, atoms: along === axis ? parts.flat() : parts[0]! });
  },
};

/** [N, …, C, …] → [N, features]: a channel becomes as many features as there are positions beside it. */
const flatten: ChannelRule = {
  label: (labels, node) => {
    const label = labels.of(node.inputs[0]!);
    if (!label || label.axis < 1 || readInt(node, 'axis', 1) !== 1) return labels.refuse(node);
    const shape = labels.shape(node.inputs[0]!);
    const [outer, inner] = [elementCount(shape.slice(1, label.axis)), elementCount(shape.slice(label.axis + 1))];
    labels.set(node.outputs[0]!, { axis: 1, atoms: repeat(label.atoms, outer, inner) });
  },
};

const transpose: ChannelRule = {
  label: (labels, node) => {
    const label = labels.of(node.inputs[0]!);
    if (!label) return labels.refuse(node);
    const rank = labels.shape(node.inputs[0]!).length;
    const perm = readInts(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    labels.set(node.outputs[0]!, { axis: perm.indexOf(label.axis), atoms: label.atoms });
  },
};

/** Axes of size 1 that come, or go. */
const unsqueeze: ChannelRule = {
  label: (labels, node) => {
    const label = labels.of(node.inputs[0]!);
    const rank = labels.shape(node.outputs[0]!).length;
    const axes = labels.constants(node.inputs[1])?.map((axis) => (axis + rank) % rank);
    if (!label || !axes) return labels.refuse(node);
    const old = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
    labels.set(node.outputs[0]!, { axis: old[label.axis]!, atoms: label.atoms });
  },
};

const squeeze: ChannelRule = {
  label: (labels, node) => {
    const label = labels.of(node.inputs[0]!);
    const rank = labels.shape(node.inputs[0]!).length;
    const axes = labels.constants(node.inputs[1])?.map((axis) => (axis + rank) % rank);
    if (!label || !axes || axes.includes(label.axis)) return labels.refuse(node);
    labels.set(node.outputs[0]!, { axis: label.axis - axes.filter((axis) => axis < label.axis).length, atoms: label.atoms });
  },
};

/** x and a scale, [] or one per channel: behind an activation, or before a weight that the layer then reads through it. */
const fakeQuant: ChannelRule = {
  label: (labels, node) => {
    const [x, scale] = node.inputs as [string, string];
    const axis = readInt(node, 'axis', 1);
    const perChannel = labels.shape(scale).length === 1;
    if (labels.isInitializer(x)) {
      if (perChannel) labels.tie(labels.ofInitializer(scale, 0, 'follower'), labels.ofInitializer(x, axis, 'follower'));
      labels.alias(node.outputs[0]!, x);
      return;
    }
    if (perChannel) labels.tie(labels.ofInitializer(scale, 0, 'follower'), labels.read(x, axis));
    carry.label(labels, node);
  },
};

/** Each entry `inner` times in a row, the whole `outer` times. */
function repeat(atoms: readonly number[], outer: number, inner: number): number[] {
  const run = atoms.flatMap((atom) => Array.from({ length: inner }, () => atom));
  return Array.from({ length: outer }, () => run).flat();
}

/** The rule of a node's op; without one (Reshape, Softmax …) it keeps all that it reads. */
export const ruleOf = (node: Pick<Node, 'op' | 'domain'>): ChannelRule | undefined =>
  isFakeQuant(node) ? fakeQuant : node.domain === '' ? channelRules[node.op] : undefined;

/** Every op of the standard domain that can carry channels. */
const channelRules: Readonly<Record<string, ChannelRule>> = {
  Conv: conv,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: normalization,
  InstanceNormalization: normalization,
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Max: elementwise,
  Min: elementwise,
  Greater: elementwise,
  Where: elementwise,
  Relu: carry,
  LeakyRelu: carry,
  Elu: carry,
  Selu: carry,
  Softplus: carry,
  PRelu: elementwise,
  Clip: carry,
  Sigmoid: carry,
  HardSigmoid: carry,
  HardSwish: carry,
  Tanh: carry,
  Erf: carry,
  Identity: carry,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: pool,
  GlobalMaxPool: pool,
  Flatten: flatten,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Concat: concat,
  Transpose: transpose,
};
