import { NasError } from '../../core/errors.ts';
import { createRng } from '../../core/rng.ts';
import { type Builder, float } from '../ir/builder.ts';
import type { Shape, Tensor } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import { zeros } from '../ir/zeros.ts';

/** Layers that the families are made of, with their initial weights. */

/** Numerical guard of BatchNormalization, and the share of the old running statistics that a training step keeps. */
const epsilon = 1e-5;
const momentum = 0.9;

export interface ConvOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly group?: number;
}

/** Conv without bias, padded so that stride 1 keeps the size, then BatchNormalization. x: [N,C,H,W]. */
export function convBn(
  b: Builder,
  seed: string | undefined,
  layer: string,
  x: string,
  channels: number,
  options: ConvOptions,
): string {
  const { kernel, stride = 1, group = 1 } = options;
  const shape = [channels, b.shape(x)[1]! / group, kernel, kernel];
  const weight = b.initializer(`${layer}.weight`, heNormal(b, seed, `${layer}.weight`, shape));
  const attributes = { kernel_shape: [kernel, kernel], ...unlessDefault(kernel, stride, group) };
  const y = b.op('Conv', [x, weight], attributes, { name: layer });
  return batchNorm(b, `${layer}.bn`, y);
}

/** Attributes at their default value are left out: they are bytes in every exported file. */
function unlessDefault(kernel: number, stride: number, group: number): Record<string, number | number[]> {
  const pad = (kernel - 1) / 2;
  return {
    ...(pad === 0 ? {} : { pads: [pad, pad, pad, pad] }),
    ...(stride === 1 ? {} : { strides: [stride, stride] }),
    ...(group === 1 ? {} : { group }),
  };
}

/** BatchNormalization over axis 1, as the identity that training starts from. */
function batchNorm(b: Builder, name: string, x: string): string {
  const channels = b.shape(x)[1]!;
  const parameters = [
    b.initializer(`${name}.scale`, filled([channels], 1)),
    b.initializer(`${name}.bias`, filled([channels], 0)),
    b.initializer(`${name}.mean`, filled([channels], 0)),
    b.initializer(`${name}.var`, filled([channels], 1)),
  ];
  return b.op('BatchNormalization', [x, ...parameters], { epsilon: float(epsilon), momentum: float(momentum) }, { name });
}

/** Gemm with bias; weights [out, in]. x: [N, in]. */
export function dense(b: Builder, seed: string | undefined, layer: string, x: string, features: number, output: string): string {
  const weight = b.initializer(`${layer}.weight`, heNormal(b, seed, `${layer}.weight`, [features, b.shape(x)[1]!]));
  const bias = b.initializer(`${layer}.bias`, filled([features], 0));
  return b.multi('Gemm', [x, weight, bias], 1, { transB: 1 }, { name: layer, outputs: [output] })[0]!;
}

/** Weights of a network at most: they are held several times over while it is trained. */
const mostWeights = 1e8;

/** Throws NasError MODEL_SIZE before memory is taken for weights that a misplaced digit asks for. */
function checkSize({ initializers }: Builder, name: string, shape: Shape): void {
  const total = Object.values(initializers).reduce((sum, { data }) => sum + data.length, elementCount(shape));
  if (total <= mostWeights) return;
  const message = `"${name}" brings the network over ${mostWeights / 1e6} million weights. Take smaller widths or fewer layers.`;
  throw new NasError('MODEL_SIZE', message, { facts: { name, weights: total } });
}

function heNormal(b: Builder, seed: string | undefined, name: string, shape: Shape): Tensor {
  checkSize(b, name, shape);
  return seed === undefined ? zeros('float32', shape) : initialWeight(seed, name, shape);
}

/** Normal with variance 2 / fan-in (He et al. 2015, Delving Deep into Rectifiers). One axis counts the outputs. */
export function initialWeight(seed: string, name: string, shape: Shape, outputAxis = 0): Tensor {
  const rng = createRng(seed, 'init', name);
  const deviation = Math.sqrt(2 / (elementCount(shape) / shape[outputAxis]!));
  return { dtype: 'float32', shape, data: Float32Array.from({ length: elementCount(shape) }, () => rng.normal() * deviation) };
}

export const filled = (shape: Shape, value: number): Tensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(elementCount(shape)).fill(value),
});
