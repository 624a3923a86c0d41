/** Ops that become others before a program is written: fewer rules, and every part of them is fused with what is around it. */
import type { Builder } from '../../ir/builder.ts';
import { elementCount, float, type Graph, type Node } from '../../ir/graph.ts';
import { readFloat, readInt, readInts, readTensor } from '../../ir/ops/support/attributes.ts';
import { reshape } from '../../ir/ops/support/gradients.ts';
import { axisOf, range } from '../../ir/ops/support/shapes.ts';
import { emitAll } from '../lowering/expand.ts';
import type { Emission } from '../lowering/lowering.ts';
import { leastScale } from './rules/elementwise.ts';

export const expanded = (graph: Graph): Graph => emitAll(graph, (node) => pick(node));

function pick(node: Node): Emission | undefined {
  const emission = emissions[`${node.domain}:${node.op}`];
  return typeof emission === 'object' ? (emission.when(node) ? emission.emit : undefined) : emission;
}

/** The sum over axes, which go. */
const sum = (b: Builder, x: string, axes: readonly number[]): string => b.op('ReduceSum', [x, b.ints(axes)], { keepdims: 0 });

const mul = (b: Builder, x: string, factor: string | number): string =>
  b.op('Mul', [x, typeof factor === 'number' ? b.scalar(factor) : factor]);

/** Every axis but the channels'. */
const besideChannels = (b: Builder, x: string): number[] => range(0, b.shape(x).length).filter((axis) => axis !== 1);

/** A vector per channel so that it broadcasts against x. */
const perChannel = (b: Builder, vector: string, x: string): string =>
  reshape(
    b,
    vector,
    b
      .shape(x)
      .slice(1)
      .map((size, i) => (i === 0 ? size : 1)),
  );

const inverseDeviation = (b: Builder, variance: string, node: Node): string =>
  b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [variance, b.scalar(readFloat(node, 'epsilon', 1e-5))])])]);

/** x · factor + offset per channel. */
const affine = (b: Builder, x: string, factor: string, offset: string): string =>
  b.op('Add', [mul(b, x, perChannel(b, factor, x)), perChannel(b, offset, x)]);

const batchNormalization: Emission = ({ b, node }) => {
  const [x, scale, bias, mean, variance] = node.inputs as [string, string, string, string, string];
  const factor = mul(b, scale, inverseDeviation(b, variance, node));
  return [affine(b, x, factor, b.op('Sub', [bias, mul(b, mean, factor)]))];
};

/** (x, scale, bias) → (y, batchMean [C], batchVar [C]) */
const batchNormTrain: Emission = ({ b, node }) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const axes = besideChannels(b, x);
  const share = b.shape(x)[1]! / elementCount(b.shape(x));
  const mean = mul(b, sum(b, x, axes), share);
  const square = mul(b, b.op('ReduceSumSquare', [x], { axes, keepdims: 0 }), share);
  const variance = b.op('Max', [b.op('Sub', [square, mul(b, mean, mean)]), b.scalar(0)]); // rounding can leave it just below 0
  const factor = mul(b, scale, inverseDeviation(b, variance, node));
  return [affine(b, x, factor, b.op('Sub', [bias, mul(b, mean, factor)])), mean, variance];
};

/** (dy, x, scale, mean, var) → (dx, dScale, dBias), as the portable lowering has it: dx = a·dy + p·x + q per channel. */
const batchNormGrad: Emission = ({ b, node }) => {
  const [dy, x, scale, mean, variance] = node.inputs as [string, string, string, string, string];
  const axes = besideChannels(b, x);
  const inverse = inverseDeviation(b, variance, node);
  const dBias = sum(b, dy, axes);
  const dScale = mul(b, b.op('Sub', [sum(b, mul(b, dy, x), axes), mul(b, mean, dBias)]), inverse);
  const a = mul(b, scale, inverse);
  const share = mul(b, a, -b.shape(x)[1]! / elementCount(b.shape(x)));
  const p = mul(b, mul(b, share, inverse), dScale);
  const q = b.op('Sub', [mul(b, share, dBias), mul(b, p, mean)]);
  return [b.op('Add', [mul(b, dy, perChannel(b, a, x)), affine(b, x, p, q)]), dScale, dBias];
};

/** Statistics over the plane of every sample, by rows [N, C, size]. */
const instanceNormalization: Emission = ({ b, node }) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const shape = b.shape(x);
  const size = elementCount(shape.slice(2));
  const rows = reshape(b, x, [shape[0]!, shape[1]!, size]);
  const mean = (value: string) => mul(b, b.op('ReduceSum', [value, b.ints([2])], { keepdims: 1 }), 1 / size);
  const centered = b.op('Sub', [rows, mean(rows)]);
  const inverse = inverseDeviation(b, mean(mul(b, centered, centered)), node);
  return [reshape(b, affine(b, mul(b, centered, inverse), scale, bias), shape)];
};

/** x − max − log Σ exp(x − max) along an axis. */
function logSoftmaxOf(b: Builder, x: string, axis: number): string {
  const shifted = b.op('Sub', [x, b.op('ReduceMax', [x], { axes: [axis], keepdims: 1 })]);
  const total = b.op('ReduceSum', [b.op('Exp', [shifted]), b.ints([axis])], { keepdims: 1 });
  return b.op('Sub', [shifted, b.op('Log', [total])]);
}

const softmaxAxis = (b: Builder, node: Node): number => axisOf(node, readInt(node, 'axis', -1), b.shape(node.inputs[0]!).length);

const logSoftmax: Emission = ({ b, node }) => [logSoftmaxOf(b, node.inputs[0]!, softmaxAxis(b, node))];

const softmax: Emission = ({ b, node }) => {
  const [x] = node.inputs as [string];
  const axis = softmaxAxis(b, node);
  const powers = b.op('Exp', [b.op('Sub', [x, b.op('ReduceMax', [x], { axes: [axis], keepdims: 1 })])]);
  return [b.op('Div', [powers, b.op('ReduceSum', [powers, b.ints([axis])], { keepdims: 1 })])];
};

/** (logits [N, K], target) → (mean over the batch of −Σ target · logProbs, logProbs) */
const softmaxCrossEntropy: Emission = ({ b, node }) => {
  const [logits, target] = node.inputs as [string, string];
  const logProbs = logSoftmaxOf(b, logits, 1);
  return [mul(b, sum(b, mul(b, logProbs, target), [0, 1]), -1 / b.shape(logits)[0]!), logProbs];
};

const reduceMean: Emission = ({ b, node }) => {
  const [x] = node.inputs as [string];
  const rank = b.shape(x).length;
  const axes = (readInts(node, 'axes') ?? range(0, rank)).map((axis) => axisOf(node, axis, rank));
  const total = b.op('ReduceSum', [x, b.ints(axes)], { keepdims: readInt(node, 'keepdims', 1) });
  return [mul(b, total, 1 / elementCount(axes.map((axis) => b.shape(x)[axis]!)))];
};

const globalAveragePool: Emission = ({ b, node }) => {
  const [x] = node.inputs as [string];
  const [n, c, ...plane] = b.shape(x) as [number, number, ...number[]];
  const total = sum(b, x, range(2, b.shape(x).length));
  return [reshape(b, mul(b, total, 1 / elementCount(plane)), [n, c, ...plane.map(() => 1)])];
};

/** alpha · A' · B' + beta · C */
const gemm: Emission = ({ b, node }) => {
  const [left, right, bias] = node.inputs as [string, string, string?];
  const product = transposedProduct(b, node, left, right);
  return [bias ? b.op('Add', [product, scaled(b, bias, readFloat(node, 'beta', 1))]) : product];
};

const scaled = (b: Builder, x: string, factor: number): string => (factor === 1 ? x : mul(b, x, factor));

function transposedProduct(b: Builder, node: Node, left: string, right: string): string {
  const turned = { transA: readInt(node, 'transA', 0), transB: readInt(node, 'transB', 0), alpha: float(1) };
  return scaled(b, b.op('FusedMatMul', [left, right], turned, { domain: 'com.microsoft' }), readFloat(node, 'alpha', 1));
}

const fusedMatMul: Emission = ({ b, node }) => [transposedProduct(b, node, node.inputs[0]!, node.inputs[1]!)];

const biasedConv: Emission = ({ b, node }) => {
  const [x, w, bias] = node.inputs as [string, string, string];
  const y = b.op('Conv', [x, w], node.attributes);
  return [b.op('Add', [y, perChannel(b, bias, y)])];
};

/** (dy, x, y, scale) → (dx, dScale): dx is dy where x is rounded to a number of the range; dScale = (Σ dy · y − Σ dx · x) / scale. */
const fakeQuantGrad: Emission = ({ b, node }) => {
  const [dy, x, y, scale] = node.inputs as [string, string, string, string];
  const shape = b.shape(x);
  const positive = b.op('Max', [scale, b.scalar(leastScale)]);
  const one = b.shape(scale).length === 0 || (b.shape(scale)[0] === 1 && shape.length === 0);
  const axis = one ? -1 : axisOf(node, readInt(node, 'axis', 1), shape.length);
  const aligned = one
    ? positive
    : reshape(
        b,
        positive,
        shape.map((size, i) => (i === axis ? size : 1)),
      );
  const [low, high] = [readInt(node, 'low', 0), readInt(node, 'high', 255)];
  const zero = b.scalar(0);
  const below = b.op('Where', [b.op('Greater', [mul(b, aligned, high + 0.5), x]), dy, zero]);
  const dx = low === 0 ? below : b.op('Where', [b.op('Greater', [x, mul(b, aligned, low - 0.5)]), below, zero]);
  const others = range(0, shape.length).filter((each) => each !== axis);
  const total = (left: string, right: string) => sum(b, mul(b, left, right), others);
  const dScale = b.op('Div', [b.op('Sub', [total(dy, y), total(dx, x)]), positive]);
  return [dx, reshape(b, dScale, b.shape(scale))];
};

const constant: Emission = ({ b, node }) => [b.initializer(b.fresh(`${node.name}.value`), readTensor(node, 'value')!)];

const emissions: Readonly<Record<string, Emission | { when(node: Node): boolean; readonly emit: Emission }>> = {
  ':BatchNormalization': batchNormalization,
  ':InstanceNormalization': instanceNormalization,
  ':Softmax': softmax,
  ':LogSoftmax': logSoftmax,
  ':ReduceMean': reduceMean,
  ':GlobalAveragePool': globalAveragePool,
  ':Gemm': gemm,
  ':Constant': constant,
  ':Conv': { when: ({ inputs }) => Boolean(inputs[2]), emit: biasedConv },
  'com.microsoft:FusedMatMul': { when: (node) => readFloat(node, 'alpha', 1) !== 1, emit: fusedMatMul },
  'espalier:BatchNormTrain': batchNormTrain,
  'espalier:BatchNormGrad': batchNormGrad,
  'espalier:SoftmaxCrossEntropy': softmaxCrossEntropy,
  'espalier:FakeQuantGrad': fakeQuantGrad,
};
