import type { Builder } from '../../ir/builder.ts';
import { dtypeCodes, type Node, type Shape, type Tensor } from '../../ir/graph.ts';
import { inputAxisOf } from '../../ir/layers.ts';
import { type Codes, storeCodes } from '../storage/stored.ts';
import type { LayerEmission } from './emit.ts';
import type { Blocks, QuantizedWeight } from './parameters.ts';

/** A layer whose weights are quantized; the bias in real values where it has one. */
export interface LayerParameters {
  readonly weight: QuantizedWeight;
  /** Axis of the weights that counts the outputs. */
  readonly axis: number;
  readonly bias: Float32Array | undefined;
}

/** Weights and activations in integers: the form that onnxruntime fuses into one integer kernel. */
export function integerLayer({ weight, axis, bias }: LayerParameters, inputScale: number): LayerEmission {
  return {
    integerInput: true,
    emit(b, node, x) {
      const q = storeCodes(b, weight.codes, { ...ownerOf(node, axis), dtype: 'int8' });
      const parameters = [dequantized(b, `${node.name}.weight`, q, weight.scales, axis, node.op === 'Gemm')];
      if (bias) {
        const scales = weight.scales.map((scale) => scale * inputScale);
        const data = Int32Array.from(bias, (value, c) => Math.round(value / scales[scales.length > 1 ? c : 0]!));
        const stored = b.initializer(b.fresh(`${node.name}.bias.q`), { dtype: 'int32', shape: [data.length], data });
        parameters.push(dequantized(b, `${node.name}.bias`, stored, scales, 0, false));
      }
      b.add({ ...node, inputs: [x, ...parameters] });
    },
  };
}

/** Whose weights they are; `axis` counts the outputs. */
const ownerOf = (node: Node, axis: number) => ({ layer: node.name, axis: inputAxisOf({ node, outputAxis: axis }) });

/** Integers with one scale, or one per position of `axis`, as the float constant that they stand for. */
function dequantized(b: Builder, name: string, q: string, scales: Float32Array, axis: number, withZeros: boolean): string {
  const perAxis = scales.length > 1;
  const shape = perAxis ? [scales.length] : [];
  const inputs = [q, b.initializer(b.fresh(`${name}.scale`), { dtype: 'float32', shape, data: scales })];
  if (withZeros) {
    const zeros: Tensor = { dtype: 'int8', shape, data: new Int8Array(scales.length) };
    inputs.push(b.initializer(b.fresh(`${name}.zero`), zeros));
  }
  return b.op('DequantizeLinear', inputs, perAxis ? { axis } : {}, { name: `${name}.dq` });
}

/**
 * Weights stored in integers, computed in floats. Not by DequantizeLinear: onnxruntime runs that for every image, and
 * without its fast layout for the Conv behind it; a product of constants it computes when it loads the file (measured:
 * a 64-channel 3×3 Conv takes 227 µs with DequantizeLinear, 156 µs with Cast and Mul, 165 to 199 µs with plain floats).
 */
export function floatLayer({ weight, axis, bias }: LayerParameters): LayerEmission {
  return {
    integerInput: false,
    emit(b, node, x) {
      const own = bias ? [floatBias(b, node, bias)] : [];
      b.add({ ...node, inputs: [x, floatWeight(b, node, axis, weight), ...own] });
    },
  };
}

const floatBias = (b: Builder, { name }: Node, bias: Float32Array): string =>
  b.initializer(b.fresh(`${name}.bias`), { dtype: 'float32', shape: [bias.length], data: bias });

/** codes · scale, in the weight's own shape. */
function floatWeight(b: Builder, node: Node, axis: number, { codes, blocks, scales }: QuantizedWeight): string {
  const broadcast = scaleShape(codes.shape, blocks);
  const shape = broadcast ? codes.shape : [blocks.rows, blocks.blockSize, blocks.columns];
  const values = storeCodes(b, codes, { ...ownerOf(node, axis), dtype: 'float32', shape });
  const scale: Tensor = { dtype: 'float32', shape: broadcast ?? [blocks.rows, 1, blocks.columns], data: scales };
  const product = b.op('Mul', [values, b.initializer(b.fresh(`${node.name}.weight.scale`), scale)]);
  return broadcast ? product : b.op('Reshape', [product, b.ints(codes.shape)]);
}

/** The shape in which the scales broadcast against the weights; undefined where blocks are parts of a channel. */
function scaleShape(shape: Shape, { rows, columns }: Blocks): Shape | undefined {
  if (rows === 1 && columns === 1) return [];
  if (rows === 1) return [columns];
  return columns === 1 && rows === shape[0] ? shape.map((size, axis) => (axis === 0 ? size : 1)) : undefined;
}

/**
 * A dense layer whose input is quantized with the range it has in every run (onnxruntime's dynamic quantization): no
 * calibration, but the numbers that come out for an image depend a little on those that run beside it in a batch.
 */
export function dynamicLayer({ weight, axis, bias }: LayerParameters): LayerEmission {
  return {
    integerInput: false,
    emit(b, node, x) {
      const codes = axis === 0 ? transposed(weight.codes) : weight.codes;
      const q = storeCodes(b, codes, { layer: node.name, axis: 0, dtype: 'int8' });
      const scales: Tensor = { dtype: 'float32', shape: [weight.scales.length], data: weight.scales };
      const [input, scale, zero] = b.multi('DynamicQuantizeLinear', [x], 3) as [string, string, string];
      const product = b.op('Cast', [b.op('MatMulInteger', [input, q, zero])], { to: dtypeCodes.float32 });
      const factor = b.op('Mul', [scale, b.initializer(b.fresh(`${node.name}.weight.scale`), scales)]);
      const last = { name: node.name, outputs: node.outputs };
      if (!bias) b.multi('Mul', [product, factor], 1, {}, last);
      else b.multi('Add', [b.op('Mul', [product, factor]), floatBias(b, node, bias)], 1, {}, last);
    },
  };
}

/** [out, in] as [in, out]. */
function transposed({ data, shape, bits }: Codes): Codes {
  const [rows, columns] = shape as [number, number];
  const at = (i: number) => (i % rows) * columns + Math.floor(i / rows);
  return { data: Int8Array.from(data, (_, i) => data[at(i)]!), shape: [columns, rows], bits };
}
