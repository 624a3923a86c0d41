import type { Tensor } from '../../../network/ir/graph.ts';
import { readFloat, readInt } from '../../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { permuted } from '../../constants.ts';
import { batchMatMul, fullyConnected, type Options, softmax as softmaxOptions } from '../schema.ts';
import { biasOf, mannerOf } from './integers.ts';
import type { Conversion, Rule } from './rule.ts';

/** x [N, in] times constant weights. */
const gemm: Rule = (c, node) => {
  const [x, weight] = node.inputs as [string, string];
  const plain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1 && readInt(node, 'transA', 0) === 0;
  if (!plain) c.refuse(node, 'scales or transposes its input');
  if (!c.constant(weight)) c.refuse(node, 'multiplies two values that are no constants');
  dense(c, node, { x, weight, transposed: readInt(node, 'transB', 0) === 1 });
};

interface Dense {
  readonly x: string;
  readonly weight: string;
  /** The weights are [out, in], as TensorFlow Lite has them, and not [in, out]. */
  readonly transposed: boolean;
}

/** Along the last axis, whatever stands before it. */
function dense(c: Conversion, node: Parameters<Rule>[1], { x, weight, transposed }: Dense): void {
  const output = node.outputs[0]!;
  const { shape } = c.type(output);
  const arrange = (w: Tensor) => (transposed ? w : permuted(w, [1, 0]));
  const arrangement = { arrange, from: transposed ? 0 : 1, to: 0 };
  const codes = c.weightCodes(weight, arrangement);
  const work = c.work(node, [x], { manner: mannerOf(c, node, codes), layout: 'first' });
  const w = work.range ? c.codes(weight, arrangement) : c.floatWeight(weight, arrangement);
  const b = biasOf(c, node, work, { codes, outputs: shape.at(-1)! });
  c.writer.operator('FULLY_CONNECTED', [work.inputs[0]!, w, b], work.output, fullyConnected(shape.length > 2));
}

/** On a float input, with codes as weights: each row of the input is quantized with its own range. See fusions/dynamic-dense.ts. */
const dynamicDense: Rule = (c, node) => {
  const [x, codes, scales] = node.inputs as [string, string, string];
  const constant = (value: string) => c.constant(value) ?? c.refuse(node, 'has weights that are no constants');
  const [weight, factors] = [constant(codes), constant(scales)];
  const work = c.work(node, [x], { layout: 'first' });
  const output = node.outputs[0]!;
  const { shape, ...arranged } = permuted(weight, [1, 0]);
  const quantization = { scales: toNumbers(factors), zero: 0, axis: 0 };
  const w = c.writer.codes(`${output}/weight`, shape, toNumbers({ shape, ...arranged }), quantization);
  const b = c.floats(`${output}/bias`, { shape: [shape[0]!], data: new Float32Array(shape[0]!) });
  const options = fullyConnected(c.type(output).shape.length > 2, true);
  c.writer.operator('FULLY_CONNECTED', [work.inputs[0]!, w, b], work.output, options);
};

/** A product with constant weights [in, out] is a dense layer; else both are multiplied along their last two axes. */
const matMul: Rule = (c, node) => {
  const [a, b] = node.inputs as [string, string];
  if (c.constant(b)?.shape.length === 2) return dense(c, node, { x: a, weight: b, transposed: false });
  if ([a, b].some((value) => c.type(value).shape.length < 2)) c.refuse(node, 'multiplies a value of one dimension');
  const work = c.work(node, [a, b], { layout: 'first' });
  c.writer.operator('BATCH_MATMUL', work.inputs, work.output, batchMatMul);
};

/** Over the last axis, as TensorFlow Lite has it. */
const overLast =
  (operator: 'SOFTMAX' | 'LOG_SOFTMAX', options?: Options): Rule =>
  (c, node) => {
    const { length: rank } = c.type(node.inputs[0]!).shape;
    const axis = readInt(node, 'axis', -1);
    if (axis !== -1 && axis !== rank - 1) c.refuse(node, 'runs over another axis than the last');
    const work = c.work(node, [node.inputs[0]!], { layout: 'first' });
    c.writer.operator(operator, work.inputs, work.output, options);
  };

export const linearRules: Readonly<Record<string, Rule>> = {
  DynamicDense: dynamicDense,
  Gemm: gemm,
  LogSoftmax: overLast('LOG_SOFTMAX'),
  MatMul: matMul,
  Softmax: overLast('SOFTMAX', softmaxOptions),
};
