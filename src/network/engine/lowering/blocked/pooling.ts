import { readInt, readInts, requireInts } from '../../../ir/ops/support/attributes.ts';
import { expand, reshape } from '../../../ir/ops/support/gradients.ts';
import { range, sameShape } from '../../../ir/ops/support/shapes.ts';
import { windowOf } from '../../../ir/ops/support/window.ts';
import { type Axis, axesOf } from '../portable/window.ts';
import { type Layouts, nchwc } from './layouts.ts';
import type { Rule } from './rule.ts';

/** MaxPool and AveragePool, with every pad written out. */
export const pool: Rule = ({ b, layouts, node }) => {
  const [x] = node.inputs as [string];
  if (!layouts.isImage(x) || node.outputs.some((output, i) => i > 0 && output !== '')) return undefined;
  const window = windowOf(node, layouts.shape(x), requireInts(node, 'kernel_shape'));
  if (readInt(node, 'ceil_mode', 0) === 1 || window.dilations.some((dilation) => dilation !== 1)) return undefined;
  const countPadding = readInt(node, 'count_include_pad', 0) === 1 ? { count_include_pad: 1 } : {};
  const attributes = { kernel_shape: window.kernel, strides: window.strides, pads: window.pads, ...countPadding };
  return [{ blocked: b.op(node.op, [layouts.blocked(x)], attributes, { domain: nchwc }) }];
};

export const globalAveragePool: Rule = ({ b, layouts, node }) => {
  const [x] = node.inputs as [string];
  if (!layouts.isImage(x)) return undefined;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const rows = reshape(b, layouts.blocked(x), [(n * c) / layouts.block, h * w, layouts.block]);
  return [{ blocked: reshape(b, b.op('ReduceMean', [rows], { axes: [1], keepdims: 0 }), [n, c, 1, 1]) }];
};

/** [N,C,1,1] → [N,C,H,W]: what global pooling gives back. */
export const expandPlanes: Rule = ({ b, layouts, node }) => {
  const [x] = node.inputs as [string];
  const shape = layouts.shape(node.outputs[0]!);
  const [n, channels, h, w] = shape as [number, number, number, number];
  if (!layouts.isImage(x) || !sameShape(layouts.shape(x), [n, channels, 1, 1])) return undefined;
  const c = layouts.padded(channels);
  const numbers = reshape(b, layouts.blocked(x), [(n * c) / layouts.block, 1, layouts.block]);
  return [{ blocked: reshape(b, expand(b, numbers, [(n * c) / layouts.block, h * w, layouts.block]), [n, c, h, w]) }];
};

/** Windows that lie side by side and cover the input. */
function tiles(
  node: Parameters<Rule>[0]['node'],
  input: readonly number[],
  output: readonly number[],
): readonly [Axis, Axis] | undefined {
  const axes = axesOf(node, requireInts(node, 'kernel_shape'), input, output);
  const fits = ({ kernel, stride, begin, input, output }: Axis) => kernel === stride && begin === 0 && input === output * stride;
  return axes.every(fits) && (readInts(node, 'pads') ?? []).every((pad) => pad === 0) ? axes : undefined;
}

/**
 * (dy, x, y) → dx for windows that tile the input: dy goes to the first place of the window whose number is the maximum.
 * Place by place the maxima that are left are those of windows that found none before.
 */
export const maxPoolGrad: Rule = ({ b, layouts, node }) => {
  const [dy, x, y] = node.inputs as [string, string, string];
  if (!layouts.isImage(x)) return undefined;
  const axes = tiles(node, layouts.shape(x), layouts.shape(y));
  if (!axes) return undefined;
  const { block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const [kh, kw] = axes.map((axis) => axis.kernel) as [number, number];
  const [rows, columns] = [(((n * c) / block) * h) / kh, w / kw];
  const lines = reshape(b, layouts.blocked(x), [rows, kh, columns, kw * block]);
  const whole = (value: string) => reshape(b, layouts.blocked(value), [rows, 1, columns, block]);
  const parts = firstMaxima(layouts, lines, whole(y), whole(dy), [kh, kw]);
  const joined = parts.map((line) => (line.length === 1 ? line[0]! : b.op('Concat', line, { axis: 3 })));
  const dx = joined.length === 1 ? joined[0]! : b.op('Concat', joined, { axis: 1 });
  return [{ blocked: reshape(b, dx, [n, c, h, w]) }];
};

/** dy at each place of the window, [kh][kw], where it is the first maximum; else 0. Values as [rows, 1, columns, b]. */
function firstMaxima(
  { b, block }: Layouts,
  lines: string,
  y: string,
  dy: string,
  [kh, kw]: readonly [number, number],
): readonly (readonly string[])[] {
  let left = dy;
  return range(0, kh).map((i) =>
    range(0, kw).map((j) => {
      const place = b.op('Slice', [lines, b.ints([i, j * block]), b.ints([i + 1, (j + 1) * block]), b.ints([1, 3])]);
      const part = b.op('Where', [b.op('Equal', [place, y]), left, b.scalar(0)]);
      left = b.op('Sub', [left, part]);
      return part;
    }),
  );
}

/** (dy) → dx for windows that tile the input: every place of a window gets an equal share. */
export const averagePoolGrad: Rule = ({ b, layouts, node }) => {
  const [dy] = node.inputs as [string];
  if (!layouts.isImage(dy)) return undefined;
  const axes = tiles(node, requireInts(node, 'input_shape'), layouts.shape(dy));
  if (!axes) return undefined;
  const [kh, kw] = axes.map((axis) => axis.kernel) as [number, number];
  const shares = b.op('Mul', [layouts.blocked(dy), b.scalar(1 / (kh * kw))]);
  return [{ blocked: b.op('Upsample', [shares], { scales: [1, 1, kh, kw] }, { domain: nchwc }) }];
};
