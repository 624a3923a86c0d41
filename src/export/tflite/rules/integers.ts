import type { Node } from '../../../network/ir/graph.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import type { Conversion, Manner, WeightCodes, Work } from './rule.ts';

/** Sums of products have 32 bits, and must have room beside the bias. */
const mostBias = 2 ** 30;

/** Whether a layer with such weights can compute on codes: 'floats' where its bias is too large in the unit of its products. */
export function mannerOf(c: Conversion, node: Node, codes: WeightCodes | undefined): Manner {
  const range = c.range(node.inputs[0]!);
  if (!codes || !range) return 'floats';
  const bias = node.inputs[2] ? c.constant(node.inputs[2]) : undefined;
  const unit = (i: number) => codes.scales[codes.scales.length > 1 ? i : 0]! * range.scale;
  const fits = !bias || toNumbers(bias).every((value, i) => Math.abs(value / unit(i)) <= mostBias);
  return fits ? 'codes' : 'floats';
}

interface Outputs {
  readonly codes: WeightCodes | undefined;
  /** How many there are. */
  readonly outputs: number;
}

/** The bias of an operator: floats, or whole numbers in the unit of its products. None is all zeros. */
export function biasOf(c: Conversion, node: Node, work: Work, { codes, outputs }: Outputs): number {
  const bias = node.inputs[2] || undefined;
  const constant = bias ? (c.constant(bias) ?? c.refuse(node, 'adds a value that is no constant')) : undefined;
  const values = constant ? toNumbers(constant) : Array.from({ length: outputs }, () => 0);
  if (values.length !== outputs) c.refuse(node, `adds ${values.length} numbers to ${outputs}`);
  const name = bias ?? `${node.outputs[0]}/bias`;
  if (!work.range) return c.floats(name, { shape: [outputs], data: Float32Array.from(values) });
  const { scale } = work.ranges[0]!;
  const scales = codes!.scales.map((each) => Math.fround(each * scale));
  const data = Int32Array.from(values, (value, i) => Math.round(value / scales[scales.length > 1 ? i : 0]!));
  return c.writer.tensor({ name, type: 'int32', shape: [outputs], data, quantization: { scales, zero: 0, axis: 0 } });
}
