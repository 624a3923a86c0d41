import { elementCount, type Node, type Tensor } from '../../ir/graph.ts';
import { readInt } from '../../ir/ops/support/attributes.ts';
import { type QuantizedWeight, realOf } from './parameters.ts';

interface Biased {
  /** The weights before they were rounded: Conv [K, C/group, …]; Gemm [K, C], or [C, K] where `axis` is 1. */
  readonly tensor: Tensor;
  readonly quantized: QuantizedWeight;
  readonly axis: number;
  readonly bias: Float32Array;
  /** Of the layer's input, [C]. */
  readonly means: ArrayLike<number>;
}

/**
 * The bias without what the rounding of the weights adds to each output on average: b − E[(Wq − W) x] (Nagel et al.
 * 2019, Data-Free Quantization Through Weight Equalization and Bias Correction, with means measured on calibration
 * data). At the image's edge padding makes the true mean smaller than that of the input; this is left alone.
 */
export function correctedBias(node: Node, { tensor, quantized, axis, bias, means }: Biased): Float32Array {
  const channels = tensor.shape[axis]!;
  const inner = elementCount(tensor.shape.slice(2));
  const inputs = elementCount(tensor.shape) / channels / inner;
  const perGroup = channels / readInt(node, 'group', 1);
  const shift = new Float64Array(channels);
  const real = realOf(quantized);
  (tensor.data as Float32Array).forEach((value, i) => {
    const [out, input] =
      axis === 0 ? [Math.floor(i / (inputs * inner)), Math.floor(i / inner) % inputs] : [i % channels, Math.floor(i / channels)];
    const first = Math.floor(out / perGroup) * inputs;
    shift[out]! += (real(i) - value) * means[(axis === 0 ? first : 0) + input]!;
  });
  return bias.map((value, c) => value - shift[c]!);
}
