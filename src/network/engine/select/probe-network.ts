import { createRng } from '../../../core/rng.ts';
import { Builder } from '../../ir/builder.ts';
import type { Graph, Shape } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';

export interface ProbeSizes {
  readonly batch: number;
  /** Height and width of the image, a multiple of 4. */
  readonly size: number;
  /** Channels of the first stage. */
  readonly width: number;
}

const classes = 10;

/** A small network with every kind of layer that a search trains: what a setup must compute right to be used. */
export function probeNetwork({ batch, size, width }: ProbeSizes): Graph {
  const b = new Builder('probe');
  const image = b.input('x', { dtype: 'float32', shape: [batch, 3, size, size] });
  const stem = conv(b, 'stem', image, width, { kernel: 3 });
  const pooled = b.op('MaxPool', [stem], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }, { name: 'max' });
  const depthwise = conv(b, 'depthwise', pooled, width, { kernel: 3, group: width });
  const block = b.op('Add', [conv(b, 'pointwise', depthwise, width, { kernel: 1 }), pooled], {}, { name: 'add' });
  const strided = conv(b, 'strided', block, 2 * width, { kernel: 3, stride: 2 });
  const shortcut = conv(b, 'shortcut', block, 2 * width, { kernel: 1, stride: 2 });
  const joined = b.op('Add', [strided, shortcut], {}, { name: 'join' });
  const halved = b.op('AveragePool', [joined], { kernel_shape: [2, 2], strides: [2, 2] }, { name: 'average' });
  const features = b.op('Flatten', [b.op('GlobalAveragePool', [halved])], { axis: 1 });
  const weight = weights(b, 'dense', [classes, 2 * width]);
  const bias = b.initializer('dense.bias', { dtype: 'float32', shape: [classes], data: new Float32Array(classes) });
  return b.build([b.op('Gemm', [features, weight, bias], { transB: 1 }, { name: 'logits' })]);
}

interface ConvSizes {
  readonly kernel: number;
  readonly stride?: number;
  readonly group?: number;
}

/** Conv, BatchNormalization, ReLU. */
function conv(b: Builder, name: string, x: string, channels: number, { kernel, stride = 1, group = 1 }: ConvSizes): string {
  const weight = weights(b, name, [channels, b.shape(x)[1]! / group, kernel, kernel]);
  const pad = (kernel - 1) / 2;
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
  const y = b.op('Conv', [x, weight], attributes, { name });
  return b.op('Relu', [batchNorm(b, `${name}.bn`, y, channels)]);
}

function batchNorm(b: Builder, name: string, x: string, channels: number): string {
  const rng = createRng('probe', name);
  const vector = (part: string, center: number) =>
    b.initializer(`${name}.${part}`, {
      dtype: 'float32',
      shape: [channels],
      data: Float32Array.from({ length: channels }, () => center + 0.2 * rng.uniform()),
    });
  return b.op(
    'BatchNormalization',
    [x, vector('scale', 1), vector('bias', 0), vector('mean', 0), vector('var', 1)],
    {},
    { name },
  );
}

function weights(b: Builder, name: string, shape: Shape): string {
  const rng = createRng('probe', name);
  const deviation = Math.sqrt(2 / elementCount(shape.slice(1)));
  const data = Float32Array.from({ length: elementCount(shape) }, () => rng.normal() * deviation);
  return b.initializer(`${name}.weight`, { dtype: 'float32', shape, data });
}
