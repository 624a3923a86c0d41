import { NasError } from '../../../core/errors.ts';
import type { Attributes, Node, Tensor, TensorType } from '../graph.ts';
import { tensorOf } from '../graph.ts';
import { readFloat, readInt, readInts, readString } from '../ops/support/attributes.ts';

/** What stands around a node: the types of the values before it, and a place for constants. */
interface Surroundings {
  typeOf(value: string): TensorType | undefined;
  constant(wish: string, value: Tensor): string;
}

/** The nodes that a node stands for; the last one has its name and gives its value. */
type Composition = (node: Node, around: Surroundings) => readonly Node[];

/** A node as the nodes that it is made of; itself where it is not composed. onnxruntime joins them again when it loads a file. */
export function decomposed(node: Node, around: Surroundings): readonly Node[] {
  const composition = node.domain === '' ? compositions[node.op] : undefined;
  if (!composition) return [node];
  if (node.outputs.slice(1).some((output) => output !== '')) {
    const message = `node "${node.name}" (${node.op}) gives more than one value: such a node cannot be read`;
    throw new NasError('ONNX_OPS', message, { facts: { ops: [node.op] } });
  }
  return composition(node, around);
}

/** Collects nodes under names that begin with the whole's. */
class Parts {
  readonly nodes: Node[] = [];
  readonly #whole: Node;
  readonly #around: Surroundings;

  constructor(whole: Node, around: Surroundings) {
    this.#whole = whole;
    this.#around = around;
  }

  scalar(name: string, value: number): string {
    return this.#around.constant(`${this.#whole.name}/${name}`, tensorOf('float32', [], [value]));
  }

  floats(name: string, size: number, value: number): string {
    const values = Array.from({ length: size }, () => value);
    return this.#around.constant(`${this.#whole.name}/${name}`, tensorOf('float32', [size], values));
  }

  ints(name: string, values: readonly number[]): string {
    return this.#around.constant(`${this.#whole.name}/${name}`, tensorOf('int64', [values.length], values));
  }

  op(op: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = `${this.#whole.name}/${name}`;
    this.nodes.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  }

  last(op: string, inputs: readonly string[]): readonly Node[] {
    const { name, outputs } = this.#whole;
    return [...this.nodes, { op, domain: '', name, inputs, outputs: [outputs[0]!], attributes: {} }];
  }
}

/** (x − mean) / √(variance + ε) · scale + bias over the axes from `axis` on. */
const layerNormalization: Composition = (node, around) => {
  const [x, scale, bias] = node.inputs as [string, string, string?];
  const rank = around.typeOf(x)?.shape.length ?? 0;
  const axis = readInt(node, 'axis', -1);
  const from = axis < 0 ? axis + rank : axis;
  const axes = Array.from({ length: rank - from }, (_, i) => from + i);
  const over: Attributes = { axes: { kind: 'ints', value: axes }, keepdims: { kind: 'int', value: 1 } };
  const parts = new Parts(node, around);
  const centred = parts.op('Sub', 'centred', [x, parts.op('ReduceMean', 'mean', [x], over)]);
  const variance = parts.op('ReduceMean', 'variance', [parts.op('Mul', 'square', [centred, centred])], over);
  const safe = parts.op('Add', 'safe', [variance, parts.scalar('epsilon', readFloat(node, 'epsilon', 1e-5))]);
  const normal = parts.op('Div', 'normal', [centred, parts.op('Sqrt', 'deviation', [safe])]);
  if (!bias) return parts.last('Mul', [normal, scale]);
  return parts.last('Add', [parts.op('Mul', 'scaled', [normal, scale]), bias]);
};

/**
 * Channels in groups, each normalized by the numbers of one sample, then times a scale and plus a bias for every channel; for every
 * group in opset 18. InstanceNormalization does it where a group is a row.
 */
const groupNormalization: Composition = (node, around) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const [, channels = 0, ...plane] = around.typeOf(x)?.shape ?? [];
  const groups = readInt(node, 'num_groups', 1);
  const parts = new Parts(node, around);
  const rows = parts.op('Reshape', 'rows', [x, parts.ints('grouped', [0, groups, -1])]);
  const idle = [1, 0].map((value) => parts.floats(value === 1 ? 'one' : 'zero', groups, value));
  const epsilon: Attributes = { epsilon: { kind: 'float', value: readFloat(node, 'epsilon', 1e-5) } };
  const normal = parts.op('InstanceNormalization', 'normal', [rows, ...idle], epsilon);
  const back = parts.op('Reshape', 'back', [normal, parts.ints('shape', [0, channels, ...plane])]);
  const perChannel = (name: string, vector: string): string => {
    const each = around.typeOf(vector)?.shape[0] === channels ? vector : repeated(parts, name, vector, channels / groups);
    return parts.op('Reshape', `${name}/channels`, [each, parts.ints(`${name}/shape`, [channels, ...plane.map(() => 1)])]);
  };
  return parts.last('Add', [parts.op('Mul', 'scaled', [back, perChannel('scale', scale)]), perChannel('bias', bias)]);
};

/** [n] as [n · times], each number so many times in a row. */
function repeated(parts: Parts, name: string, vector: string, times: number): string {
  const column = parts.op('Unsqueeze', `${name}/column`, [vector, parts.ints(`${name}/axis`, [1])]);
  const wide = parts.op(
    'Concat',
    `${name}/wide`,
    Array.from({ length: times }, () => column),
    { axis: { kind: 'int', value: 1 } },
  );
  return parts.op('Flatten', `${name}/flat`, [wide], { axis: { kind: 'int', value: 0 } });
}

/** x / 2 · (1 + erf(x / √2)), or with tanh instead, as `approximate` says. */
const gelu: Composition = (node, around) => {
  const [x] = node.inputs as [string];
  const parts = new Parts(node, around);
  const share =
    readString(node, 'approximate', 'none') === 'tanh'
      ? parts.op('Tanh', 'tanh', [cubic(parts, x)])
      : parts.op('Erf', 'erf', [parts.op('Div', 'quotient', [x, parts.scalar('root', Math.SQRT2)])]);
  const raised = parts.op('Add', 'raised', [share, parts.scalar('one', 1)]);
  return parts.last('Mul', [parts.op('Mul', 'product', [x, raised]), parts.scalar('half', 0.5)]);
};

/** √(2 / π) · (x + 0.044715 x³) */
function cubic(parts: Parts, x: string): string {
  const cube = parts.op('Mul', 'cube', [parts.op('Mul', 'square', [x, x]), x]);
  const small = parts.op('Mul', 'small', [cube, parts.scalar('cubic', 0.044715)]);
  const sum = parts.op('Add', 'sum', [x, small]);
  return parts.op('Mul', 'inner', [sum, parts.scalar('slope', Math.sqrt(2 / Math.PI))]);
}

/** x · tanh(log(1 + exp(x))) */
const mish: Composition = (node, around) => {
  const [x] = node.inputs as [string];
  const parts = new Parts(node, around);
  return parts.last('Mul', [x, parts.op('Tanh', 'tanh', [parts.op('Softplus', 'softplus', [x])])]);
};

/** alpha · (exp(x / alpha) − 1) below 0, x above. */
const celu: Composition = (node, around) => {
  const [x] = node.inputs as [string];
  const parts = new Parts(node, around);
  const alpha = parts.scalar('alpha', readFloat(node, 'alpha', 1));
  return parts.last('Mul', [parts.op('Elu', 'elu', [parts.op('Div', 'quotient', [x, alpha])]), alpha]);
};

/** x / (1 + |x|) */
const softsign: Composition = (node, around) => {
  const [x] = node.inputs as [string];
  const parts = new Parts(node, around);
  return parts.last('Div', [x, parts.op('Add', 'size', [parts.op('Abs', 'abs', [x]), parts.scalar('one', 1)])]);
};

/** x where it is above alpha, else 0. */
const thresholdedRelu: Composition = (node, around) => {
  const [x] = node.inputs as [string];
  const parts = new Parts(node, around);
  const isAbove = parts.op('Greater', 'above', [x, parts.scalar('alpha', readFloat(node, 'alpha', 1))]);
  return parts.last('Where', [isAbove, x, parts.scalar('zero', 0)]);
};

/** A window over the whole image. */
const globalMaxPool: Composition = (node, around) => {
  const sides = around.typeOf(node.inputs[0]!)?.shape.slice(2) ?? [];
  const attributes: Attributes = { kernel_shape: { kind: 'ints', value: sides } };
  return [{ ...node, op: 'MaxPool', attributes }];
};

/** √ of the sum of squares over axes, which are an attribute before opset 18. */
const reduceL2: Composition = (node, around) => {
  const [x, given] = node.inputs as [string, string?];
  const rank = around.typeOf(x)?.shape.length ?? 0;
  const parts = new Parts(node, around);
  const axes = given || parts.ints('axes', readInts(node, 'axes') ?? Array.from({ length: rank }, (_, axis) => axis));
  const kept: Attributes = { keepdims: { kind: 'int', value: readInt(node, 'keepdims', 1) } };
  return parts.last('Sqrt', [parts.op('ReduceSum', 'sum', [parts.op('Mul', 'square', [x, x]), axes], kept)]);
};

const compositions: Readonly<Record<string, Composition>> = {
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  Gelu: gelu,
  GlobalMaxPool: globalMaxPool,
  Mish: mish,
  Celu: celu,
  Softsign: softsign,
  ThresholdedRelu: thresholdedRelu,
  ReduceL2: reduceL2,
};

/** Ops that ONNX itself defines by others (the function bodies of its operators): they are read as these. */
export const composedOps: ReadonlySet<string> = new Set(Object.keys(compositions));
