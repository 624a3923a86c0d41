import { readInt, readInts } from '../../../network/ir/ops/support/attributes.ts';
import { flag, shapesOf, whole } from '../writer.ts';
import type { Rule } from './rule.ts';

/** Reshape and its special cases: in ONNX's order, where a picture is still one. */
const reshape: Rule = (c, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const { shape } = c.type(output);
  const { shape: before } = c.type(x);
  if (shape[0] !== before[0]) c.refuse(node, 'takes the batch apart');
  const oneByOne = before.length === 4 && before[2] === 1 && before[3] === 1;
  const from = oneByOne ? c.ref(x) : c.channelsFirst(x);
  const sizes = c.writer.ints(`${output}/shape`, [-1, ...shape.slice(1)]);
  const name = shape.length === 4 ? `${output}/first` : output;
  return c.channelsLast(output, c.writer.op(name, 'Reshape', [from, sizes]), shape.length);
};

const concat: Rule = (c, node) => {
  const output = node.outputs[0]!;
  const { length: rank } = c.type(output).shape;
  const axis = c.writer.ints(`${output}/axis`, [c.axis(readInt(node, 'axis', 0), rank)], []);
  const refs = node.inputs.map((input) => c.ref(input, rank));
  return c.writer.op(output, 'ConcatV2', [...refs, axis], { N: whole(refs.length) });
};

/** Over the picture's two sides; or the one other axis of two. */
const mean =
  (axesOf: (node: Parameters<Rule>[1]) => readonly number[], keeps: (node: Parameters<Rule>[1]) => boolean): Rule =>
  (c, node) => {
    const [x, output] = [node.inputs[0]!, node.outputs[0]!];
    const { length: rank } = c.type(x).shape;
    const axes = axesOf(node).map((axis) => c.axis(axis, rank));
    if (axes.includes(0)) c.refuse(node, 'runs over the batch');
    if (rank === 4 && !keeps(node) && !(axes.length === 2 && axes.includes(1) && axes.includes(2)))
      c.refuse(node, 'leaves three dimensions');
    const places = c.writer.ints(`${output}/axes`, axes);
    const shapes = rank === 4 && keeps(node) ? { _output_shapes: shapesOf([-1, 1, 1, c.type(x).shape[1]!]) } : {};
    return c.writer.op(output, 'Mean', [c.ref(x), places], { keep_dims: flag(keeps(node)), ...shapes });
  };

const globalAveragePool = mean(
  () => [2, 3],
  () => true,
);

const reduceMean = mean(
  (node) => readInts(node, 'axes') ?? [0],
  (node) => readInt(node, 'keepdims', 1) === 1,
);

export const shapingRules: Readonly<Record<string, Rule>> = {
  Concat: concat,
  Flatten: reshape,
  GlobalAveragePool: globalAveragePool,
  ReduceMean: reduceMean,
  Reshape: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
};
