import { elementCount, type Shape } from '../../../ir/graph.ts';
import { cutsOf } from '../../../ir/ops/slicing.ts';
import { readInt, readInts, readString } from '../../../ir/ops/support/attributes.ts';
import { axisOf, range, requireConstantInts } from '../../../ir/ops/support/shapes.ts';
import { argument, broadcastStrides, coordinate, float, strided, stridesOf } from '../wgsl.ts';
import { notCovered, type Pointwise, type RuleContext, type Rules } from './rule.ts';

/** Ops that put numbers in another order, join, cut, pad and pick. */

/** Numbers at places that are found by strides alone. */
const view = (place: (context: RuleContext) => string): Pointwise => ({
  kind: 'view',
  reads: [0],
  body: (context) => `return ${context.at(0, place(context))};`,
});

const same = view(() => 'i');

const outShape = ({ outputs, output }: RuleContext): Shape => outputs[output]!;

const expand = view((context) => strided('i', outShape(context), broadcastStrides(context.inputs[0]!, outShape(context))));

const transpose = view((context) => {
  const [shape] = context.inputs as [Shape];
  const perm = readInts(context.node, 'perm') ?? range(0, shape.length).toReversed();
  const strides = stridesOf(shape);
  return strided(
    'i',
    outShape(context),
    perm.map((axis) => strides[axis]!),
  );
});

const slice = view((context) => {
  const { node, inputs, constants } = context;
  const strides = stridesOf(inputs[0]!);
  const cuts = cutsOf(node, inputs[0]!, constants);
  const offset = cuts.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0);
  return strided(
    'i',
    outShape(context),
    cuts.map(({ step }, axis) => step * strides[axis]!),
    offset,
  );
});

const axisIn = ({ node, inputs }: RuleContext): number => axisOf(node, readInt(node, 'axis', 0), inputs[0]!.length);

const split = view((context) => {
  const { inputs, outputs, output } = context;
  const axis = axisIn(context);
  const strides = stridesOf(inputs[0]!);
  const before = outputs.slice(0, output).reduce((sum, shape) => sum + shape[axis]!, 0);
  return strided('i', outShape(context), strides, before * strides[axis]!);
});

const concat: Pointwise = {
  kind: 'point',
  body: (context) => {
    const axis = axisIn(context);
    const shape = outShape(context);
    const [inner, size] = [elementCount(shape.slice(axis + 1)), shape[axis]!];
    const outer = elementCount(shape.slice(0, axis));
    const sizes = context.inputs.map((part) => part[axis]!);
    const starts = sizes.map((_, input) => sizes.slice(0, input).reduce((sum, part) => sum + part, 0));
    const part = (input: number) => {
      if (outer === 1) return `return ${context.at(input, `i - ${argument(starts[input]! * inner)}`)};`;
      const own = `before * ${argument(sizes[input]! * inner)} + (within - ${argument(starts[input]! * inner)})`;
      return `return ${context.at(input, own)};`;
    };
    const pick = (from: number, to: number): string => {
      if (to - from === 1) return part(from);
      const middle = (from + to) >> 1;
      return `if (within < ${argument(starts[middle]! * inner)}) { ${pick(from, middle)} } else { ${pick(middle, to)} }`;
    };
    const row = argument(size * inner);
    const lets = outer === 1 ? 'let within = i;' : `let before = i / ${row}; let within = i % ${row};`;
    return `${lets} ${pick(0, sizes.length)}`;
  },
};

/** Coordinates along each axis that is longer than 1, signed, and the place in the input of those inside of it. */
const pad: Pointwise = {
  kind: 'point',
  reads: [0],
  body: (context) => {
    const { node, inputs, constants, at } = context;
    if (readString(node, 'mode', 'constant') !== 'constant') throw notCovered(node, 'only constant padding is covered');
    const [shape, padded] = [inputs[0]!, outShape(context)];
    const pads = requireConstantInts(node, constants, 1);
    const fill = float(constants[2] ? Number(constants[2].data[0]) : 0);
    const own = stridesOf(shape);
    const axes = range(0, shape.length).filter((axis) => shape[axis] !== padded[axis] || pads[axis] !== 0);
    if (axes.length === 0) return `return ${at(0, 'i')};`;
    const lets = axes.map((axis) => `let c${axis} = ${coordinate(padded, axis)} - ${argument(pads[axis]!)};`);
    const kept = strided(
      'i',
      padded,
      own.map((stride, axis) => (axes.includes(axis) ? 0 : stride)),
    );
    const place = [kept, ...axes.map((axis) => `c${axis} * ${argument(own[axis]!)}`)].join(' + ');
    // What lies before the begin has wrapped around to a large number.
    const inside = axes.map((axis) => `c${axis} < ${argument(shape[axis]!)}`).join(' && ');
    return `${lets.join(' ')} if (${inside}) { return ${at(0, place)}; } return ${fill};`;
  },
};

/** Negative indices count from the end. */
const gather: Pointwise = {
  kind: 'point',
  body: (context) => {
    const { inputs, at } = context;
    const axis = axisIn(context);
    const [shape, picked] = [inputs[0]!, elementCount(inputs[1]!)];
    const [inner, size] = [elementCount(shape.slice(axis + 1)), shape[axis]!];
    const index = at(1, `(i / ${argument(inner)}) % ${argument(picked)}`);
    const place = `(i / ${argument(inner * picked)}) * ${argument(inner * size)} + u32(row) * ${argument(inner)} + i % ${argument(inner)}`;
    return `var row = ${index}; if (row < 0f) { row += ${float(size)}; } return ${at(0, place)};`;
  },
};

export const movementRules: Rules = {
  ':Reshape': same,
  ':Flatten': same,
  ':Squeeze': same,
  ':Unsqueeze': same,
  ':Expand': expand,
  ':Transpose': transpose,
  ':Slice': slice,
  ':Split': split,
  ':Concat': concat,
  ':Pad': pad,
  ':Gather': gather,
};
