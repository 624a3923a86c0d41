import type { Builder } from '../builder.ts';
import type { Shape, TensorType } from '../graph.ts';
import { elementCount, show } from '../graph.ts';
import type { GradContext, InferContext, OpEntry } from '../op.ts';
import { readFloat, readInt } from './support/attributes.ts';
import { gradOf, reshape } from './support/gradients.ts';
import { expectShape, inputType, misfit, range } from './support/shapes.ts';

/** Normalization over [N, C, …spatial], statistics per channel: of the batch, or of every sample on its own. */

/** Checks that inputs `from`… hold one number per channel of input `x`, and returns the type of such a vector. */
function channelVector(context: InferContext, x: number, from: number): TensorType {
  const { dtype, shape } = inputType(context, x);
  if (shape.length < 2) throw misfit(context.node, `input of shape ${show(shape)} has no channels`);
  for (let i = from; i < context.inputs.length; i++) expectShape(context, i, [shape[1]!]);
  return { dtype, shape: [shape[1]!] };
}

const batchNormalization: OpEntry = {
  op: 'BatchNormalization',
  domain: '',
  infer: (context) => {
    channelVector(context, 0, 1);
    if (readInt(context.node, 'training_mode', 0) !== 0)
      throw misfit(context.node, 'training_mode = 1; export the model for inference');
    return [inputType(context, 0)];
  },
  stops: [3, 4],
  grad: (context) => {
    const { b, wants } = context;
    const dy = gradOf(context);
    const { centered, inverse, scale } = inferenceParts(context);
    const overChannel = (value: string) => b.op('ReduceSum', [value, b.ints(allButChannel(b.shape(dy)))], { keepdims: 0 });
    return [
      wants[0] ? b.op('Mul', [dy, b.op('Mul', [scale, inverse])]) : undefined,
      wants[1] ? overChannel(b.op('Mul', [dy, b.op('Mul', [centered, inverse])])) : undefined,
      wants[2] ? overChannel(dy) : undefined,
    ];
  },
  params: [1, 2],
  states: [3, 4],
};

/** x − mean, 1 / √(var + ε) and scale, the vectors as [C, 1, …] to broadcast against x. */
function inferenceParts({ b, node, inputs }: GradContext) {
  const [x, scale, , mean, variance] = inputs as [string, string, string, string, string];
  const shifted = b.op('Add', [perChannel(b, variance, x), b.scalar(readFloat(node, 'epsilon', 1e-5))]);
  return {
    centered: b.op('Sub', [x, perChannel(b, mean, x)]),
    inverse: b.op('Reciprocal', [b.op('Sqrt', [shifted])]),
    scale: perChannel(b, scale, x),
  };
}

const perChannel = (b: Builder, vector: string, x: string): string =>
  reshape(b, vector, [
    b.shape(x)[1]!,
    ...b
      .shape(x)
      .slice(2)
      .map(() => 1),
  ]); // prettier-ignore

const allButChannel = (shape: Shape) => [0, ...range(2, shape.length)];

/**
 * (x, scale, bias; epsilon) → (y, batchMean [C], batchVar [C], biased): normalizes by the statistics of the batch.
 * The statistics are outputs for the running averages; no gradient flows into them from outside.
 */
const batchNormTrain: OpEntry = {
  op: 'BatchNormTrain',
  domain: 'espalier',
  infer: (context) => {
    const vector = channelVector(context, 0, 1);
    return [inputType(context, 0), vector, vector];
  },
  grad: ({ b, node, inputs, outputs, dOutputs }) => {
    const dy = dOutputs[0];
    if (!dy) return [];
    const [x, scale] = inputs as [string, string];
    const [, mean, variance] = outputs as [string, string, string];
    return b.multi('BatchNormGrad', [dy, x, scale, mean, variance], 3, node.attributes, { domain: 'espalier' });
  },
  params: [1, 2],
};

/** (dy, x, scale, batchMean, batchVar; epsilon) → (dx, dScale, dBias), through the batch statistics. */
const batchNormGrad: OpEntry = {
  op: 'BatchNormGrad',
  domain: 'espalier',
  infer: (context) => {
    const vector = channelVector(context, 1, 2);
    expectShape(context, 0, inputType(context, 1).shape);
    return [inputType(context, 1), vector, vector];
  },
  grad: 'forbidden',
};

/** Trained scales and biases are told from idle ones by ir/trained.ts. */
const instanceNormalization: OpEntry = {
  op: 'InstanceNormalization',
  domain: '',
  infer: (context) => {
    const { shape } = inputType(context, 0);
    if (shape.length < 3) throw misfit(context.node, `input of shape ${show(shape)} has no spatial dimensions`);
    channelVector(context, 0, 1);
    return [inputType(context, 0)];
  },
  grad: (context) => {
    const { b, inputs, wants } = context;
    const shape = b.shape(inputs[0]!);
    const [n, c] = shape as [number, number];
    const size = elementCount(shape.slice(2));
    const dy = reshape(b, gradOf(context), [n, c, size]);
    const { unit, inverse } = standardized(context, [n, c, size]);
    const [ofDy, ofProduct] = [dy, b.op('Mul', [dy, unit])].map((value) => rowMean(b, value)) as [string, string];
    const factor = b.op('Mul', [inverse, reshape(b, inputs[1]!, [c, 1])]);
    const dx = () => b.op('Mul', [b.op('Sub', [b.op('Sub', [dy, ofDy]), b.op('Mul', [unit, ofProduct])]), factor]);
    const total = (mean: string) => b.op('Mul', [b.op('ReduceSum', [mean, b.ints([0, 2])], { keepdims: 0 }), b.scalar(size)]);
    return [
      wants[0] ? reshape(b, dx(), shape) : undefined,
      wants[1] ? total(ofProduct) : undefined,
      wants[2] ? total(ofDy) : undefined,
    ];
  },
};

/** The mean over the last of three axes, kept. */
const rowMean = (b: Builder, value: string): string => b.op('ReduceMean', [value], { axes: [2], keepdims: 1 });

/** (x − mean) / √(variance + ε) of every row [N, C, size], and the inverse deviations [N, C, 1]. */
function standardized({ b, node, inputs }: GradContext, rows: Shape) {
  const x = reshape(b, inputs[0]!, rows);
  const centered = b.op('Sub', [x, rowMean(b, x)]);
  const variance = rowMean(b, b.op('Mul', [centered, centered]));
  const shifted = b.op('Add', [variance, b.scalar(readFloat(node, 'epsilon', 1e-5))]);
  const inverse = b.op('Reciprocal', [b.op('Sqrt', [shifted])]);
  return { unit: b.op('Mul', [centered, inverse]), inverse };
}

export const normalizationOps: readonly OpEntry[] = [batchNormalization, batchNormTrain, batchNormGrad, instanceNormalization];
