import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape, zeros } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { type Axis, axesOf, reach } from '../portable/window.ts';
import { kindOf } from './convolution.ts';
import { type ConvCall, isNarrow, type Layouts, nchwc, type Result, toPlain } from './layouts.ts';
import { type Phase, phaseRows, phasesOf } from './phases.ts';
import type { Rule } from './rule.ts';
import { depthwiseWeight, inputGradWeight, narrowInputGradWeight } from './weights.ts';

/** (dy, w) → dx: a convolution of dy with the turned weights for every phase of the stride, the phases interleaved. */
export const convInputGrad: Rule = (context) => {
  const { layouts, node } = context;
  const [dy, weight] = node.inputs as [string, string];
  const inputShape = requireInts(node, 'input_shape');
  if (!layouts.isImage(dy) || !layouts.isImage(weight)) return undefined;
  const shape = layouts.shape(weight);
  const kind = kindOf(context, node.outputs[0]!, shape);
  const axes = axesOf(node, shape.slice(2), inputShape, layouts.shape(dy));
  if (kind === 'depthwise' && axes.some((axis) => axis.stride > 1)) return spreadGrad(layouts, node.inputs, axes, inputShape);
  const phases = axes.map(phasesOf);
  const [rows, columns] = phases;
  if (!kind || !rows || !columns) return undefined;
  const grid = rows.map((row) =>
    columns.map((column) => phaseCall(layouts, node.inputs, kind === 'depthwise', axes, row, column)),
  );
  if (grid.length * grid[0]!.length === 1) return [{ conv: grid[0]![0]! }];
  return [{ blocked: interleave(layouts, grid, axes, inputShape.with(1, layouts.padded(inputShape[1]!))) }];
};

/**
 * A depthwise convolution with strides: dy with zeros between its rows and columns, then as with stride 1. The zeros cost less
 * than the phases would in turning them into one image.
 */
function spreadGrad(
  layouts: Layouts,
  [dy, weight]: readonly string[],
  axes: readonly [Axis, Axis],
  inputShape: readonly number[],
): readonly Result[] | undefined {
  const { b, block } = layouts;
  const [rows, columns] = axes;
  const begins = axes.map((axis) => reach(axis) - axis.begin);
  // Rows and columns that the convolution needs behind dy's last place; below 0: cut off.
  const ends = axes.map((axis) => axis.input + axis.begin - axis.output * axis.stride);
  if (axes.some((axis) => axis.dilation !== 1) || begins.some((begin) => begin < 0)) return undefined;
  const channels = layouts.padded(inputShape[1]!);
  const planes = (inputShape[0]! * channels) / block;
  const { rest, factor } = layouts.unscaled(dy!);
  const places = reshape(b, rest, [planes * rows.output, 1, columns.output, block]);
  const spread = b.op('Pad', [places, b.ints([0, 0, 0, 0, 0, rows.stride - 1, 0, (columns.stride - 1) * block])]);
  const [height, width] = axes.map((axis) => axis.output * axis.stride) as [number, number];
  const [below, right] = ends.map((end) => Math.min(0, end)) as [number, number];
  const image = reshape(b, spread, [planes, height, width * block]);
  const cut = below === 0 && right === 0 ? image : b.op('Pad', [image, b.ints([0, 0, 0, 0, below, right * block])]);
  const taps = range(0, rows.kernel * columns.kernel).toReversed();
  const kernel = [rows.kernel, columns.kernel];
  const pads = [...begins, ...ends.map((end) => Math.max(0, end))];
  return [
    {
      conv: {
        x: reshape(b, cut, [inputShape[0]!, channels, height + below, width + right]),
        weight: depthwiseWeight(layouts, { weight: weight!, ...(factor === undefined ? {} : { factor }) }, taps, kernel),
        attributes: { kernel_shape: kernel, pads, group: channels },
        shape: inputShape.with(1, channels),
      },
    },
  ];
}

type Grid = readonly (readonly (ConvCall | undefined)[])[];

/** The convolution of one phase; undefined where no tap belongs to it. */
function phaseCall(
  layouts: Layouts,
  [dy, weight]: readonly string[],
  depthwise: boolean,
  axes: readonly [Axis, Axis],
  row: Phase,
  column: Phase,
): ConvCall | undefined {
  const taps = row.taps.flatMap((i) => column.taps.map((j) => i * axes[1].kernel + j));
  if (taps.length === 0) return undefined;
  const kernel = [row.taps.length, column.taps.length];
  const shape = layouts.shape(weight!);
  const channels = layouts.padded(depthwise ? shape[0]! : shape[1]!);
  // A convolution that ends before the last padded row gives rows too many; they are cut off.
  const size = (axis: Axis, phase: Phase) => phaseRows(axis) + Math.max(0, -phase.end);
  const { rest, factor } = layouts.unscaled(dy!);
  const narrow = !depthwise && isNarrow(layouts, dy!, shape);
  const turned = depthwise ? depthwiseWeight : narrow ? narrowInputGradWeight : inputGradWeight;
  return {
    x: narrow ? layouts.once(`plain rest of ${dy}`, () => toPlain(layouts, rest, layouts.shape(dy!))) : rest,
    weight: turned(layouts, { weight: weight!, ...(factor === undefined ? {} : { factor }) }, taps, kernel),
    attributes: {
      kernel_shape: kernel,
      dilations: [row.dilation, column.dilation],
      pads: [row.begin, column.begin, Math.max(0, row.end), Math.max(0, column.end)],
      group: depthwise ? channels : 1,
    },
    shape: [layouts.shape(dy!)[0]!, channels, size(axes[0], row), size(axes[1], column)],
  };
}

/** Puts the phases' rows and columns in turns: [N,C,H,W]. */
function interleave(layouts: Layouts, grid: Grid, axes: readonly [Axis, Axis], shape: readonly number[]): string {
  const { b, block } = layouts;
  const [n, c, h, w] = shape as [number, number, number, number];
  const [rows, columns] = axes.map(phaseRows) as [number, number];
  const [sh, sw] = axes.map((axis) => axis.stride) as [number, number];
  const planes = (n * c) / block;
  const made = grid.map((line) => line.map((call) => call && phaseValue(layouts, call, rows, columns)));
  const all = insertedAlone(layouts, made, [planes * rows, columns]) ?? interleaved();
  const whole = reshape(b, all, [planes, rows * sh, columns * sw * block]);
  if (rows * sh === h && columns * sw === w) return reshape(b, whole, shape);
  const kept = b.op('Slice', [whole, b.ints([0, 0]), b.ints([h, w * block]), b.ints([1, 2])]);
  return reshape(b, kept, shape);

  function interleaved(): string {
    const lines = made.map((line) => {
      const parts = line.map((part) =>
        reshape(b, part ?? zeros(b, [planes * rows, columns, 1, block]), [planes * rows, columns, 1, block]),
      );
      const joined = parts.length === 1 ? parts[0]! : b.op('Concat', parts, { axis: 2 });
      return reshape(b, joined, [planes * rows, 1, columns * sw * block]);
    });
    return lines.length === 1 ? lines[0]! : b.op('Concat', lines, { axis: 1 });
  }
}

/** Where one phase alone is not zero, zeros around its rows and columns. */
function insertedAlone(
  { b, block }: Layouts,
  made: readonly (readonly (string | undefined)[])[],
  [rows, columns]: readonly [number, number],
): string | undefined {
  const [sh, sw] = [made.length, made[0]!.length];
  const present = made.flatMap((line, r) => line.flatMap((part, q) => (part ? [{ part, r, q }] : [])));
  const [only] = present;
  if (present.length !== 1 || !only) return undefined;
  const spread = reshape(b, only.part, [rows, 1, columns, block]);
  const { r, q } = only;
  return b.op('Pad', [spread, b.ints([0, r, 0, q * block, 0, sh - 1 - r, 0, (sw - 1 - q) * block])]);
}

/** [N·C/b, rows, columns, b] */
function phaseValue(layouts: Layouts, call: ConvCall, rows: number, columns: number): string {
  const { b, block } = layouts;
  const [n, c, h, w] = call.shape as [number, number, number, number];
  const made = b.op('Conv', [call.x, call.weight], call.attributes, { domain: nchwc });
  const value = reshape(b, made, [(n * c) / block, h, w, block]);
  if (h === rows && w === columns) return value;
  return b.op('Slice', [value, b.ints([0, 0]), b.ints([rows, columns]), b.ints([1, 2])]);
}
