import type { Node } from '../../../network/ir/graph.ts';
import { readInt, readInts } from '../../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { toFirst, toLast } from '../../layout.ts';
import { reduction, reshape as reshapeOptions } from '../schema.ts';
import type { Conversion, Layout, Manner, Rule } from './rule.ts';

/** Reshape and its special cases: in ONNX's order, where a picture has more than one place. */
const reshape: Rule = (c, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const { shape } = c.type(output);
  const { shape: before } = c.type(x);
  const onePlace = before.length === 4 && shape.length !== 4 && before[2] === 1 && before[3] === 1;
  const layout = onePlace ? c.layout(x) : 'first';
  const work = c.work(node, [x], { manner: 'as they come', layout, outputLayout: 'first' });
  c.writer.operator('RESHAPE', [work.inputs[0]!, c.writer.ints(`${output}/shape`, shape)], work.output, reshapeOptions);
};

/** Between the two orders of a picture's dimensions there is nothing to do. */
const transpose: Rule = (c, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const { length: rank } = c.type(x).shape;
  const order = readInts(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const from = c.layout(x);
  for (const to of ['first', 'last'] as const) {
    if (rank === 4 && isIdentity(moves(order, from, to))) return c.same(node, to);
  }
  const work = c.work(node, [x], { manner: 'as they come', layout: from, outputLayout: 'first' });
  const places = c.writer.ints(`${output}/order`, rank === 4 ? moves(order, from, 'first') : order);
  c.writer.operator('TRANSPOSE', [work.inputs[0]!, places], work.output);
};

/** From which dimension of a tensor in one layout each dimension of one in another layout comes. */
function moves(order: readonly number[], from: Layout, to: Layout): number[] {
  const outputs = to === 'last' ? toLast.map((axis) => order[axis]!) : order;
  return outputs.map((axis) => (from === 'last' ? toFirst[axis]! : axis));
}

const isIdentity = (order: readonly number[]) => order.every((axis, i) => axis === i);

const reduced =
  (
    operator: 'MEAN' | 'SUM' | 'REDUCE_MAX' | 'REDUCE_MIN',
    manner: Manner,
    axesOf: (c: Conversion, node: Node) => readonly number[],
    keeps: (node: Node) => boolean,
  ): Rule =>
  (c, node) => {
    const [x, output] = [node.inputs[0]!, node.outputs[0]!];
    const { length: rank } = c.type(x).shape;
    const axes = axesOf(c, node).map((axis) => (axis < 0 ? axis + rank : axis));
    // Of one picture the largest and the smallest are its own.
    if (axes.includes(0) && (operator === 'MEAN' || operator === 'SUM')) c.refuse(node, 'runs over the batch');
    // What is left of a picture lies as ONNX has it, where the channels go, or all places.
    const fits = keeps(node) || axes.includes(1) || (axes.includes(2) && axes.includes(3));
    const layout = rank === 4 && fits ? c.layout(x) : 'first';
    const work = c.work(node, [x], { manner, layout });
    const places = c.writer.ints(`${output}/axes`, layout === 'last' ? axes.map((axis) => toLast.indexOf(axis)) : axes);
    c.writer.operator(operator, [work.inputs[0]!, places], work.output, reduction(keeps(node)));
  };

const globalAveragePool = reduced(
  'MEAN',
  'codes',
  (c, node) =>
    c
      .type(node.inputs[0]!)
      .shape.map((_, axis) => axis)
      .slice(2),
  () => true,
);

const keepsDimensions = (node: Node) => readInt(node, 'keepdims', 1) === 1;

/** All axes where none are named. */
const namedAxes = (c: Conversion, node: Node) => readInts(node, 'axes') ?? c.type(node.inputs[0]!).shape.map((_, axis) => axis);

const reduceMean = reduced('MEAN', 'codes', namedAxes, keepsDimensions);
const reduceMax = reduced('REDUCE_MAX', 'floats', namedAxes, keepsDimensions);
const reduceMin = reduced('REDUCE_MIN', 'floats', namedAxes, keepsDimensions);

const reduceSum = reduced(
  'SUM',
  'floats',
  (c, node) => {
    const axes = node.inputs[1] ? c.constant(node.inputs[1]) : undefined;
    return axes ? toNumbers(axes) : c.refuse(node, 'has axes that are no constants');
  },
  keepsDimensions,
);

export const shapingRules: Readonly<Record<string, Rule>> = {
  Flatten: reshape,
  GlobalAveragePool: globalAveragePool,
  ReduceMax: reduceMax,
  ReduceMean: reduceMean,
  ReduceMin: reduceMin,
  ReduceSum: reduceSum,
  Reshape: reshape,
  Squeeze: reshape,
  Transpose: transpose,
  Unsqueeze: reshape,
};
