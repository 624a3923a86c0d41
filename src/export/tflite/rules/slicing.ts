import type { Node } from '../../../network/ir/graph.ts';
import { readInt, readString } from '../../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { toLast } from '../../layout.ts';
import { concatenation, gather as gatherOptions, stridedSlice } from '../schema.ts';
import type { Conversion, Rule, Work } from './rule.ts';

/** An axis of ONNX as a tensor in the work's layout has it. */
function axisIn(work: Work, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  return work.layout === 'last' && rank === 4 ? toLast.indexOf(positive) : positive;
}

/** On codes, all inputs have the output's range. */
const concat: Rule = (c, node) => {
  const output = node.outputs[0]!;
  const work = c.work(node, node.inputs, { manner: 'codes' });
  const inputs = work.inputs.map((tensor, i) => {
    const range = work.ranges[i];
    if (!range || (range.scale === work.range!.scale && range.zero === work.range!.zero)) return tensor;
    const own = c.between(work, `${output}/${i}`, c.writer.shapeOf(tensor));
    c.writer.operator('QUANTIZE', [tensor], own);
    return own;
  });
  const axis = axisIn(work, readInt(node, 'axis', 0), c.type(output).shape.length);
  c.writer.operator('CONCATENATION', inputs, work.output, concatenation(axis));
};

/** The numbers of a constant input; undefined where it is left out. */
function numbers(c: Conversion, node: Node, place: number): readonly number[] | undefined {
  const value = node.inputs[place];
  if (value === undefined || value === '') return undefined;
  const constant = c.constant(value);
  return constant ? toNumbers(constant) : c.refuse(node, 'is told what to do by values that are no constants');
}

/** From `start` on, as many as the output has, in steps. */
interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
}

function cutOut(c: Conversion, work: Work, name: string, cuts: readonly Cut[]): void {
  const x = work.inputs[0]!;
  const sizes = c.writer.shapeOf(work.output);
  const [starts, steps] = [sizes.map(() => 0), sizes.map(() => 1)];
  for (const { axis, start, step } of cuts) {
    starts[axis] = start;
    steps[axis] = step;
  }
  const ends = sizes.map((size, axis) => starts[axis]! + size * steps[axis]!);
  // Below 0 an end would count from the back.
  const open = ends.reduce((mask, end, axis) => (end < 0 ? mask | (1 << axis) : mask), 0);
  const inputs = [starts, ends, steps].map((values, i) => c.writer.ints(`${name}/${['starts', 'ends', 'steps'][i]}`, values));
  c.writer.operator('STRIDED_SLICE', [x, ...inputs], work.output, stridedSlice(open));
}

const slice: Rule = (c, node) => {
  const { shape } = c.type(node.inputs[0]!);
  const starts = numbers(c, node, 1)!;
  const axes = numbers(c, node, 3) ?? starts.map((_, i) => i);
  const steps = numbers(c, node, 4) ?? starts.map(() => 1);
  const work = c.work(node, [node.inputs[0]!], { manner: 'as they come' });
  const cuts = starts.map((wished, i) => {
    const size = shape[axes[i]! < 0 ? axes[i]! + shape.length : axes[i]!]!;
    const start = wished < 0 ? wished + size : wished;
    const step = steps[i]!;
    return { axis: axisIn(work, axes[i]!, shape.length), start: Math.max(0, Math.min(start, step < 0 ? size - 1 : size)), step };
  });
  cutOut(c, work, node.outputs[0]!, cuts);
};

const split: Rule = (c, node) => {
  const { shape } = c.type(node.inputs[0]!);
  const axis = readInt(node, 'axis', 0);
  const size = shape[axis < 0 ? axis + shape.length : axis]!;
  const sizes = numbers(c, node, 1) ?? node.outputs.map(() => size / node.outputs.length);
  node.outputs.forEach((name, output) => {
    if (name === '') return;
    const start = sizes.slice(0, output).reduce((sum, each) => sum + each, 0);
    const work = c.work(node, [node.inputs[0]!], { manner: 'as they come', output });
    cutOut(c, work, name, [{ axis: axisIn(work, axis, shape.length), start, step: 1 }]);
  });
};

const gather: Rule = (c, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const { shape } = c.type(x);
  const indices = c.constant(node.inputs[1]!) ?? c.refuse(node, 'picks by values that are no constants');
  if (c.constant(x)) c.refuse(node, 'picks from constants');
  const work = c.work(node, [x], { manner: 'as they come', layout: 'first' });
  const axis = axisIn(work, readInt(node, 'axis', 0), shape.length);
  const places = toNumbers(indices).map((index) => (index < 0 ? index + shape[axis]! : index));
  c.writer.operator(
    'GATHER',
    [work.inputs[0]!, c.writer.ints(`${output}/indices`, places, indices.shape)],
    work.output,
    gatherOptions(axis),
  );
};

const pad: Rule = (c, node) => {
  if (readString(node, 'mode', 'constant') !== 'constant') c.refuse(node, 'pads with something else than one value');
  const output = node.outputs[0]!;
  const { length: rank } = c.type(output).shape;
  const sides = numbers(c, node, 1)!;
  const axes = numbers(c, node, 3) ?? Array.from({ length: rank }, (_, i) => i);
  if (sides.some((side) => side < 0)) c.refuse(node, 'cuts off');
  const work = c.work(node, [node.inputs[0]!]);
  const margins = Array.from({ length: rank }, () => [0, 0]);
  axes.forEach((axis, i) => {
    margins[axisIn(work, axis, rank)] = [sides[i]!, sides[i + axes.length]!];
  });
  const value = numbers(c, node, 2)?.[0] ?? 0;
  const fill = c.floats(`${output}/value`, { shape: [1], data: Float32Array.of(value) });
  c.writer.operator('PADV2', [work.inputs[0]!, c.writer.ints(`${output}/sides`, margins.flat(), [rank, 2]), fill], work.output);
};

export const slicingRules: Readonly<Record<string, Rule>> = {
  Concat: concat,
  Gather: gather,
  Pad: pad,
  Slice: slice,
  Split: split,
};
