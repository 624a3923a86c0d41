import { createRng } from '../../../core/rng.ts';
import type { Builder } from '../../ir/builder.ts';
import type { Tensor } from '../../ir/graph.ts';

/** Layers of an exit. */

/** Means of `cells` by `cells` parts of x [N, C, H, W]: [N, C · cells²]. The parts overlap where the size is no multiple. */
export function gridMeans(b: Builder, x: string, cells: number, name: string): string {
  const sizes = b.shape(x).slice(2);
  const pool = { name: `${name}.pool` };
  const strides = sizes.map((size) => Math.floor(size / cells));
  const kernel = sizes.map((size, i) => size - (cells - 1) * strides[i]!);
  const pooled =
    cells === 1 ? b.op('GlobalAveragePool', [x], {}, pool) : b.op('AveragePool', [x], { kernel_shape: kernel, strides }, pool);
  return b.op('Flatten', [pooled], {}, { name: `${name}.features` });
}

/** Weights and bias of a layer that `addDense` added. */
export const denseParameters = (name: string): [string, string] => [`${name}.weight`, `${name}.bias`];

/** Dense layer over x [N, in]. Weights are normal with variance 2 / in, drawn by the name. */
export function addDense(b: Builder, x: string, name: string, outputs: number): string {
  const inputs = b.shape(x)[1]!;
  const rng = createRng('exit', name);
  const data = Float32Array.from({ length: outputs * inputs }, () => rng.normal() * Math.sqrt(2 / inputs));
  const weight: Tensor = { dtype: 'float32', shape: [outputs, inputs], data };
  const bias: Tensor = { dtype: 'float32', shape: [outputs], data: new Float32Array(outputs) };
  const [ofWeight, ofBias] = denseParameters(name);
  return b.op('Gemm', [x, b.initializer(ofWeight, weight), b.initializer(ofBias, bias)], { transB: 1 }, { name });
}
