import type { Node, Shape, Tensor } from '../graph.ts';
import { elementCount } from '../graph.ts';
import type { GradContext, OpEntry } from '../op.ts';
import { readInt, readInts } from './support/attributes.ts';
import { constantsOf, expand, gradOf, reshape } from './support/gradients.ts';
import {
  axesOf,
  axisOf,
  constantInts,
  expectShape,
  inputType,
  likeInput,
  range,
  ranked,
  reducedShape,
} from './support/shapes.ts';

/** Sums over axes, and what is made of them. */

type AxesOf = (node: Node, shape: Shape, constants: readonly (Tensor | undefined)[]) => readonly number[];

/** ReduceSum: axes are an input. */
const axesFromInput: AxesOf = (node, shape, constants) => {
  const axes = constantInts(node, constants, 1) ?? [];
  if (axes.length === 0) return readInt(node, 'noop_with_empty_axes', 0) ? [] : range(0, shape.length);
  return axesOf(node, axes, shape.length);
};

/** ReduceMean (before opset 18): axes are an attribute. */
const axesFromAttribute: AxesOf = (node, shape) => axesOf(node, readInts(node, 'axes') ?? range(0, shape.length), shape.length);

const reduction = (op: string, axesOf: AxesOf, scale: (count: number) => number): OpEntry => ({
  op,
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const axes = axesOf(context.node, shape, context.constants);
    return [{ dtype, shape: reducedShape(shape, axes, readInt(context.node, 'keepdims', 1) === 1) }];
  },
  stops: [1],
  grad: (context) => {
    const { b, node, inputs } = context;
    const shape = b.shape(inputs[0]!);
    const axes = axesOf(node, shape, constantsOf(b, node));
    const factor = scale(elementCount(axes.map((axis) => shape[axis]!)));
    const kept = reshape(b, gradOf(context), reducedShape(shape, axes, true));
    return [expand(b, factor === 1 ? kept : b.op('Mul', [kept, b.scalar(factor)]), shape)];
  },
});

/** Of numbers that are equally extreme each gets the gradient. */
const extreme = (op: string): OpEntry => ({
  ...reduction(op, axesFromAttribute, () => 1),
  grad: (context) => {
    const { b, node, inputs, outputs } = context;
    const [x] = inputs as [string];
    const kept = reducedShape(b.shape(x), axesFromAttribute(node, b.shape(x), []), true);
    const isExtreme = b.op('Equal', [x, reshape(b, outputs[0]!, kept)]);
    return [b.op('Where', [isExtreme, reshape(b, gradOf(context), kept), b.scalar(0)])];
  },
});

/** Numbers along axes that are statistics, not part of a model that is trained. */
const statistic = (op: string): OpEntry => ({ ...reduction(op, axesFromAttribute, () => 1), grad: 'forbidden' });

const softmaxAxis = ({ b, node, inputs }: GradContext) => axisOf(node, readInt(node, 'axis', -1), b.shape(inputs[0]!).length);

const sumOverSoftmaxAxis = (context: GradContext, value: string) =>
  context.b.op('ReduceSum', [value, context.b.ints([softmaxAxis(context)])], { keepdims: 1 });

const softmax: OpEntry = {
  op: 'Softmax',
  domain: '',
  infer: (context) => [inputType(context, 0)],
  grad: (context) => {
    const { b, outputs } = context;
    const y = outputs[0]!;
    const dy = gradOf(context);
    const centered = b.op('Sub', [dy, sumOverSoftmaxAxis(context, b.op('Mul', [dy, y]))]);
    return [b.op('Mul', [y, centered])];
  },
};

const logSoftmax: OpEntry = {
  op: 'LogSoftmax',
  domain: '',
  infer: (context) => [inputType(context, 0)],
  grad: (context) => {
    const { b, outputs } = context;
    const dy = gradOf(context);
    return [b.op('Sub', [dy, b.op('Mul', [b.op('Exp', [outputs[0]!]), sumOverSoftmaxAxis(context, dy)])])];
  },
};

const argMax: OpEntry = {
  op: 'ArgMax',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const { shape } = inputType(context, 0);
    const axis = axisOf(node, readInt(node, 'axis', 0), shape.length);
    return [{ dtype: 'int64', shape: reducedShape(shape, [axis], readInt(node, 'keepdims', 1) === 1) }];
  },
  grad: 'none',
};

/**
 * (logits [N, K], target [N, K]) → (loss [], logProbs [N, K]): the mean over the batch of −Σ target · log softmax.
 * Every row of `target` is a distribution; the gradient (softmax − target) / N relies on rows that sum to 1.
 */
const softmaxCrossEntropy: OpEntry = {
  op: 'SoftmaxCrossEntropy',
  domain: 'espalier',
  infer: (context) => {
    const logits = ranked(context, 0, 2);
    expectShape(context, 1, logits.shape);
    return [{ dtype: logits.dtype, shape: [] }, logits];
  },
  stops: [1],
  grad: (context) => {
    const { b, inputs, outputs, dOutputs } = context;
    const dLoss = dOutputs[0];
    if (!dLoss) return [];
    const difference = b.op('Sub', [b.op('Exp', [outputs[1]!]), inputs[1]!]);
    const perRow = b.op('Mul', [dLoss, b.scalar(1 / b.shape(inputs[0]!)[0]!)]);
    return [b.op('Mul', [difference, perRow])];
  },
};

/** Running sums along the axis that input 1 names. */
const cumSum: OpEntry = { op: 'CumSum', domain: '', infer: likeInput, grad: 'forbidden' };

export const reductionOps: readonly OpEntry[] = [
  reduction('ReduceSum', axesFromInput, () => 1),
  reduction('ReduceMean', axesFromAttribute, (count) => 1 / count),
  extreme('ReduceMin'),
  extreme('ReduceMax'),
  statistic('ReduceSumSquare'),
  softmax,
  logSoftmax,
  argMax,
  cumSum,
  softmaxCrossEntropy,
];
