import { Builder } from '../../ir/builder.ts';
import type { Attribute, Graph, Node, Shape, Tensor } from '../../ir/graph.ts';
import { dtypeCodes, elementCount, show } from '../../ir/graph.ts';
import { cutsOf } from '../../ir/ops/slicing.ts';
import { readFloat, readInt, readInts, readString } from '../../ir/ops/support/attributes.ts';
import { toNumbers } from '../../ir/ops/support/shapes.ts';
import { windowOf } from '../../ir/ops/support/window.ts';
import { deadCode } from '../../ir/passes/dead-code.ts';
import { readersOf } from '../../ir/rebuild.ts';

/** A network while it is written anew, node by node. */
interface Rewriting {
  readonly graph: Graph;
  readonly b: Builder;
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  /** The value of the new network that stands for one of the old. */
  readonly now: (value: string) => string;
  /** Lets a value of the new network stand for one of the old. */
  readonly alias: (old: string, value: string) => void;
  /** Nodes that a node before them has taken in. */
  readonly absorbed: Set<Node>;
}

/** Writes a node in the way our own networks are written; false where there is nothing to change. */
type Rule = (node: Node, rewriting: Rewriting) => boolean;

/**
 * The network as our families are written, so that every technique finds what it looks for: no nodes that do nothing,
 * dense layers as Gemm with weights [out, in], one way each to flatten and to average over the image, window attributes
 * spelled out. What it computes stays the same.
 */
export function simplify(graph: Graph): Graph {
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  b.reserve(graph.nodes.flatMap(({ name }) => [name]));
  const aliases = new Map<string, string>();
  const now = (value: string) => aliases.get(value) ?? value;
  const alias = (old: string, value: string) => void aliases.set(old, value);
  const rewriting: Rewriting = { graph, b, readers: readersOf(graph), now, alias, absorbed: new Set() };
  for (const node of graph.nodes) {
    if (rewriting.absorbed.has(node) || (node.domain === '' && rules[node.op]?.(node, rewriting))) continue;
    b.add({ ...node, inputs: node.inputs.map(now) });
  }
  return deadCode(b.build(graph.outputs.map(now)));
}

/** Emits a node in place of one of the old: under its name and that of its value. */
function replace(
  { b, now }: Rewriting,
  node: Node,
  change: { op: string; inputs: readonly string[]; attributes?: Node['attributes']; output?: string },
): void {
  const { op, inputs, attributes = {}, output = node.outputs[0]! } = change;
  b.add({ op, domain: '', name: node.name, inputs: inputs.map(now), outputs: [output], attributes });
}

const passOn: Rule = (node, { alias, now, b }) => {
  if (b.initializers[now(node.inputs[0]!)]) return false;
  alias(node.outputs[0]!, now(node.inputs[0]!));
  return true;
};

const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });

const clip: Rule = (node, rewriting) => {
  const [x, min, max] = node.inputs as [string, string?, string?];
  const bound = (name: string | undefined) => (name ? Number(rewriting.graph.initializers[name]?.data[0]) : undefined);
  const open = max === undefined || max === '' || bound(max)! >= 3e38;
  if (bound(min) !== 0 || !open) return false;
  replace(rewriting, node, { op: 'Relu', inputs: [x] });
  return true;
};

const castOf: Rule = (node, rewriting) => {
  const from = rewriting.graph.types[node.inputs[0]!]!.dtype;
  return readInt(node, 'to', 0) === dtypeCodes[from] && passOn(node, rewriting);
};

/** The rest of log(1 + exp(x)) behind x is less than float32 tells from here on. */
const steep = 17;

/** Softplus that gives way to x where x is large (PyTorch's newer exporter): the same number. */
const where: Rule = (node, { graph, alias, now }) => {
  const [condition, x, other] = node.inputs as [string, string, string];
  const maker = (value: string) => graph.nodes.find(({ outputs }) => outputs[0] === value);
  const [test, softplus] = [maker(condition), maker(other)];
  const bound = test?.op === 'Greater' && test.inputs[0] === x ? graph.initializers[test.inputs[1]!]?.data[0] : undefined;
  if (bound === undefined || Number(bound) < steep || softplus?.op !== 'Softplus' || softplus.inputs[0] !== x) return false;
  alias(node.outputs[0]!, now(other));
  return true;
};

/** A part that is the whole. */
const slice: Rule = (node, rewriting) => {
  const { types, initializers } = rewriting.graph;
  const [from, to] = [types[node.inputs[0]!]!.shape, types[node.outputs[0]!]!.shape];
  const cuts = cutsOf(
    node,
    from,
    node.inputs.map((name) => initializers[name]),
  );
  return show(from) === show(to) && cuts.every(({ step }) => step === 1) && passOn(node, rewriting);
};

/** All numbers of a value, picked one after the other, in the shape that it had (PyTorch's `as_strided`). */
const gather: Rule = (node, { graph, alias, now }) => {
  const [list, places] = node.inputs as [string, string];
  const flat = graph.nodes.find(({ outputs }) => outputs[0] === list);
  const indices = graph.initializers[places];
  const size = graph.types[list]!.shape;
  if (flat?.op !== 'Reshape' || size.length !== 1 || !indices || indices.data.length !== size[0]) return false;
  const isSame = show(graph.types[flat.inputs[0]!]!.shape) === show(indices.shape);
  if (!isSame || !indices.data.every((place, i) => Number(place) === i)) return false;
  alias(node.outputs[0]!, now(flat.inputs[0]!));
  return true;
};

/** [N, …] as [N, features]. */
const flattening: Rule = (node, rewriting) => {
  const { graph, b } = rewriting;
  const [from, to] = [graph.types[node.inputs[0]!]!.shape, graph.types[node.outputs[0]!]!.shape];
  if (graph.initializers[node.inputs[0]!]) return false;
  if (show(from) === show(to)) return passOn(node, rewriting);
  const isByImage = from[0] === graph.inputs[0]!.type.shape[0] && from[0] === to[0];
  if (!isByImage || to.length !== 2 || from.length < 3 || b.shape(rewriting.now(node.inputs[0]!)).length < 3) return false;
  replace(rewriting, node, { op: 'Flatten', inputs: [node.inputs[0]!] });
  return true;
};

/** The mean over the image, or its largest value, with or without the axes of size 1 that it leaves. */
const overImage =
  (op: string, attributesOf: (sides: Shape) => Node['attributes'] = () => ({})): Rule =>
  (node, rewriting) => {
    const { dtype, shape } = rewriting.graph.types[node.inputs[0]!]!;
    const axes = (readInts(node, 'axes') ?? shape.map((_, i) => i)).map((axis) => (axis < 0 ? axis + shape.length : axis));
    const isOverAll = [...axes].sort((a, b) => a - b).join() === (shape.length === 4 ? '2,3' : '2');
    const isLine = shape.length === 3 && op === 'GlobalAveragePool' && readInt(node, 'keepdims', 1) === 0;
    if (dtype !== 'float32' || !(shape.length === 4 || isLine) || !isOverAll) return false;
    const attributes = attributesOf(shape.slice(2));
    if (readInt(node, 'keepdims', 1)) {
      replace(rewriting, node, { op, inputs: [node.inputs[0]!], attributes });
      return true;
    }
    const pooled = rewriting.b.op(op, [rewriting.now(node.inputs[0]!)], attributes, { name: op });
    replace(rewriting, node, { op: 'Flatten', inputs: [pooled] });
    return true;
  };

/** A window over the whole image averages like the global one. */
const averagePool: Rule = (node, rewriting) => {
  const shape = rewriting.graph.types[node.inputs[0]!]!.shape;
  const { kernel, pads } = windowOf(node, shape, readInts(node, 'kernel_shape') ?? []);
  if (show(kernel) !== show(shape.slice(2)) || pads.some((pad) => pad !== 0)) return window(node, rewriting);
  replace(rewriting, node, { op: 'GlobalAveragePool', inputs: [node.inputs[0]!] });
  return true;
};

/** Convolution and pooling with their window spelled out, and without what says nothing. */
const window: Rule = (node, rewriting) => {
  const { graph } = rewriting;
  const [x, weight] = node.inputs as [string, string?];
  const kernel = node.op === 'Conv' ? graph.types[weight!]!.shape.slice(2) : (readInts(node, 'kernel_shape') ?? []);
  const { pads, strides, dilations } = windowOf(node, graph.types[x]!.shape, kernel);
  const { auto_pad: _, pads: __, strides: ___, dilations: ____, ...others } = node.attributes;
  const kept = Object.entries(others).filter(([name, attribute]) => !isIdle(name, attribute));
  const attributes: Node['attributes'] = {
    ...Object.fromEntries(kept),
    kernel_shape: ints(kernel),
    ...(pads.some((pad) => pad !== 0) ? { pads: ints(pads) } : {}),
    ...(strides.some((stride) => stride !== 1) ? { strides: ints(strides) } : {}),
    ...(dilations.some((dilation) => dilation !== 1) ? { dilations: ints(dilations) } : {}),
  };
  rewriting.b.add({ ...node, inputs: node.inputs.map(rewriting.now), attributes });
  return true;
};

/**
 * Maxima over windows that reach beyond the image (`ceil_mode`) are those over an image with a wider edge: readers of the
 * attribute do not agree how many windows begin in the edge.
 */
const maxPool: Rule = (node, rewriting) => {
  const { graph } = rewriting;
  const { ceil_mode: up, ...attributes } = node.attributes;
  if (up?.kind !== 'int' || up.value === 0 || node.outputs.length > 1) return window(node, rewriting);
  const shape = graph.types[node.inputs[0]!]!.shape;
  const sides = graph.types[node.outputs[0]!]!.shape.slice(2);
  const { kernel, pads, strides, dilations } = windowOf(node, shape, readInts(node, 'kernel_shape') ?? []);
  const begins = pads.slice(0, sides.length);
  const ends = sides.map((side, i) => {
    const last = (side - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1;
    return Math.max(0, last - shape[i + 2]! - begins[i]!);
  });
  const { auto_pad: _, ...kept } = attributes;
  return window({ ...node, attributes: { ...kept, pads: ints([...begins, ...ends]) } }, rewriting);
};

/** Attributes at the value that they have where they are left out. */
const isIdle = (name: string, attribute: Attribute): boolean =>
  attribute.kind === 'int' && attribute.value === (name === 'group' ? 1 : 0) && name !== 'axis';

/** x · W + bias with W [out, in], whatever way it was written. */
const gemm: Rule = (node, rewriting) => {
  const [x, weight, bias] = node.inputs as [string, string, string?];
  const weights = rewriting.b.initializers[rewriting.now(weight)];
  const c = bias ? rewriting.b.initializers[rewriting.now(bias)] : undefined;
  if (readInt(node, 'transA', 0) || !weights || (bias && !c)) return false;
  const [alpha, beta] = [readFloat(node, 'alpha', 1), readFloat(node, 'beta', 1)];
  const turned = readInt(node, 'transB', 0) ? weights : transposed(weights);
  if (c && !isVector(c, turned.shape[0]!)) return false;
  dense(rewriting, node, {
    x,
    weight,
    weights: times(turned, alpha),
    bias: bias && c ? { name: bias, tensor: times(c, beta) } : undefined,
  });
  return true;
};

/** Whether a constant has one number for each output, the same for every image. */
const isVector = ({ shape }: Tensor, outputs: number): boolean => elementCount(shape) === outputs && shape.at(-1) === outputs;

/** A product of rows with a constant matrix, with the bias that is added next. */
const matMul: Rule = (node, rewriting) => {
  const { graph, b, now, readers, absorbed } = rewriting;
  const [x, weight] = node.inputs as [string, string];
  const weights = b.initializers[now(weight)];
  if (weights?.shape.length !== 2 || graph.types[x]!.shape.length !== 2) return false;
  const output = node.outputs[0]!;
  const next = readers.get(output) ?? [];
  const add = next.length === 1 && !graph.outputs.includes(output) && next[0]!.op === 'Add' ? next[0]! : undefined;
  const name = add?.inputs.find((input) => input !== output);
  const tensor = name === undefined ? undefined : b.initializers[now(name)];
  const bias = tensor && isVector(tensor, weights.shape[1]!) ? { name: name!, tensor } : undefined;
  dense(rewriting, node, { x, weight, weights: transposed(weights), bias, ...(bias ? { output: add!.outputs[0]! } : {}) });
  if (bias) absorbed.add(add!);
  return true;
};

interface DenseParts {
  readonly x: string;
  /** What the weights were called, and what they are: [out, in]. */
  readonly weight: string;
  readonly weights: Tensor;
  readonly bias: { readonly name: string; readonly tensor: Tensor } | undefined;
  readonly output?: string;
}

function dense(rewriting: Rewriting, node: Node, { x, weight, weights, bias, output }: DenseParts): void {
  const inputs = [x, renewed(rewriting, weight, weights)];
  if (bias) inputs.push(renewed(rewriting, bias.name, { ...bias.tensor, shape: [bias.tensor.data.length] }));
  const attributes = { transB: { kind: 'int', value: 1 } } as const;
  replace(rewriting, node, { op: 'Gemm', inputs, attributes, ...(output === undefined ? {} : { output }) });
}

/** The initializer's name where it stays as it was, else that of a new one beside it. */
function renewed({ b, now }: Rewriting, name: string, tensor: Tensor): string {
  const before = b.initializers[now(name)];
  const same = before && before.data === tensor.data && show(before.shape) === show(tensor.shape);
  return same ? now(name) : b.initializer(b.fresh(`${name}/dense`), tensor);
}

function transposed({ dtype, shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const result = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = Number(data[r * columns + c]);
  return { dtype, shape: [columns, rows], data: result };
}

const times = (tensor: Tensor, factor: number): Tensor =>
  factor === 1 ? tensor : { ...tensor, data: Float32Array.from(tensor.data as Float32Array, (value) => value * factor) };

/** Zeros around the image that the convolution after it can add itself. */
const pad: Rule = (node, rewriting) => {
  const { graph, readers, absorbed, b, now } = rewriting;
  const [x, sizes, value] = node.inputs as [string, string, string?];
  const [next, ...others] = readers.get(node.outputs[0]!) ?? [];
  const zero = !value || Number(graph.initializers[value]?.data[0]) === 0;
  const fits = next?.op === 'Conv' && next.domain === '' && next.inputs[0] === node.outputs[0] && others.length === 0;
  const shape: Shape = graph.types[x]!.shape;
  const pads = graph.initializers[sizes] && toNumbers(graph.initializers[sizes]);
  if (!fits || !zero || !pads || shape.length !== 4 || readString(node, 'mode', 'constant') !== 'constant') return false;
  if ([0, 1, 4, 5].some((i) => pads[i] !== 0) || pads.some((size) => size < 0)) return false;
  if (readString(next, 'auto_pad', 'NOTSET') !== 'NOTSET') return false;
  const own = readInts(next, 'pads') ?? [0, 0, 0, 0];
  const sum = [pads[2]!, pads[3]!, pads[6]!, pads[7]!].map((size, i) => size + own[i]!);
  absorbed.add(next);
  const conv = { ...next, inputs: [x, ...next.inputs.slice(1)], attributes: { ...next.attributes, pads: ints(sum) } };
  return window(conv, { ...rewriting, graph: { ...graph, types: { ...graph.types, [x]: b.type(now(x)) } } });
};

const almostZero = 2 ** -126;
const neverNegative = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Softplus', 'Exp', 'Abs']);

/**
 * onnxruntime (its PadFusion, seen in 1.30) takes zeros in front of a pool into the pool, where a maximum counts them no longer:
 * the file would answer otherwise than what was trained, or not load, where there are as many as its window is wide. The least
 * number that is not zero it leaves where it is.
 */
const padBeforePool: Rule = (node, { graph, readers, b, now }) => {
  const [x, sizes, value, ...axes] = node.inputs as [string, string, string?, ...string[]];
  const pools = (readers.get(node.outputs[0]!) ?? []).filter(({ op }) => op === 'MaxPool' || op === 'AveragePool');
  const isZero = !value || Number(graph.initializers[value]?.data[0]) === 0;
  const pads = graph.initializers[sizes] && toNumbers(graph.initializers[sizes]);
  if (!pads || !isZero || readString(node, 'mode', 'constant') !== 'constant') return false;
  const before = graph.nodes.find(({ outputs }) => outputs.includes(x));
  const isPositive = before !== undefined && neverNegative.has(before.op);
  if (pools.every((pool) => (isPositive || pool.op === 'AveragePool') && hasRoom(pool, pads, graph))) return false;
  const fill = { dtype: 'float32', shape: [], data: Float32Array.of(almostZero) } as const;
  b.add({ ...node, inputs: [now(x), now(sizes), b.initializer(b.fresh(`${node.name}/value`), fill), ...axes.map(now)] });
  return true;
};

/** Whether a pool may reach so far beyond the image. */
function hasRoom(pool: Node, pads: readonly number[], { types }: Graph): boolean {
  const { shape } = types[pool.inputs[0]!]!;
  const around = [...pads.slice(2, shape.length), ...pads.slice(shape.length + 2)];
  const { kernel, pads: own } = windowOf(pool, shape, readInts(pool, 'kernel_shape') ?? []);
  return readInt(pool, 'ceil_mode', 0) === 0 && own.every((size, i) => size + around[i]! < kernel[i % kernel.length]!);
}

/**
 * A constant that stands before what is known of every image (a class token) is there once per image: written as 0 · (a part of the
 * other) + constant, which says so for any number of images.
 */
const concat: Rule = (node, rewriting) => {
  const { graph, b, now } = rewriting;
  const batch = graph.inputs[0]!.type.shape[0];
  const rank = graph.types[node.outputs[0]!]!.shape.length;
  const axis = (readInt(node, 'axis', 0) + rank) % rank;
  const isConstant = (name: string) => b.initializers[now(name)] !== undefined;
  const other = node.inputs.find((name) => !isConstant(name));
  if (axis === 0 || !other || !node.inputs.some(isConstant) || graph.types[other]!.shape[0] !== batch) return false;
  const inputs = node.inputs.map((name) => {
    const first = isConstant(name) && firstOf(b.initializers[now(name)]!);
    if (!first) return now(name);
    const part = b.op('Slice', [now(other), b.ints([0]), b.ints([1]), b.ints([axis])]);
    const row = b.initializer(b.fresh(`${name}/row`), first);
    return b.op('Add', [b.op('Mul', [part, b.scalar(0)]), row]);
  });
  b.add({ ...node, inputs });
  return true;
};

/** What every image has of a constant [N, …]: [1, …]; undefined where images differ. */
function firstOf(tensor: Tensor): Tensor | undefined {
  const { shape, data } = tensor;
  const size = data.length / shape[0]!;
  if (!data.every((value, i) => value === data[i % size])) return undefined;
  return { ...tensor, shape: [1, ...shape.slice(1)], data: data.slice(0, size) };
}

/** A constant that was written once per image (`expand` of a learned one), where an op would do that by itself. */
const broadcast: Rule = (node, { graph, b, now }) => {
  const batch = graph.inputs[0]!.type.shape[0];
  const { length: rank } = graph.types[node.outputs[0]!]!.shape;
  const constants = node.inputs.map((name) => b.initializers[now(name)]);
  const others = node.inputs.filter((_, i) => !constants[i]);
  if (!others.some((name) => graph.types[name]!.shape.length === rank && graph.types[name]!.shape[0] === batch)) return false;
  const rows = constants.map((tensor) =>
    tensor?.shape.length === rank && tensor.shape[0] === batch ? firstOf(tensor) : undefined,
  );
  if (rows.every((row) => !row)) return false;
  const inputs = node.inputs.map((name, i) => (rows[i] ? b.initializer(b.fresh(`${name}/row`), rows[i]) : now(name)));
  b.add({ ...node, inputs });
  return true;
};

const rules: Readonly<Record<string, Rule>> = {
  Add: broadcast,
  Sub: broadcast,
  Mul: broadcast,
  Div: broadcast,
  Concat: concat,
  Identity: passOn,
  Dropout: passOn,
  Cast: castOf,
  Clip: clip,
  Reshape: flattening,
  Squeeze: flattening,
  Unsqueeze: flattening,
  Flatten: flattening,
  ReduceMax: overImage('MaxPool', (sides) => ({ kernel_shape: ints(sides) })),
  ReduceMean: overImage('GlobalAveragePool'),
  AveragePool: averagePool,
  MaxPool: maxPool,
  Conv: window,
  Where: where,
  Slice: slice,
  Gather: gather,
  Gemm: gemm,
  MatMul: matMul,
  Pad: (node, rewriting) => pad(node, rewriting) || padBeforePool(node, rewriting),
};
