import { elementCount, type Shape } from '../../../ir/graph.ts';
import { readInt, readInts } from '../../../ir/ops/support/attributes.ts';
import { axisOf, constantInts, range, requireConstantInts } from '../../../ir/ops/support/shapes.ts';
import { argument, axesOf as axesWith, placeAlong, stridesOf } from '../wgsl.ts';
import { notCovered, type Pointwise, type Reduction, type ReductionPlan, type RuleContext, type Rules } from './rule.ts';

/** Sums and extremes over axes, and what runs along one axis. */

/** Axes by input 1, or by an attribute; without any, all. */
function axesOf({ node, inputs, constants }: RuleContext): readonly number[] {
  const rank = inputs[0]!.length;
  const given = constantInts(node, constants, 1) ?? readInts(node, 'axes') ?? [];
  if (given.length === 0) return readInt(node, 'noop_with_empty_axes', 0) ? [] : range(0, rank);
  return given.map((axis) => axisOf(node, axis, rank));
}

const reduction = (how: ReductionPlan['how'], element: (x: string) => string = (x) => x): Reduction => ({
  kind: 'reduction',
  reads: [0],
  describe: (context) => {
    const [shape] = context.inputs as [Shape];
    const axes = axesOf(context);
    const { place, count, along } = overAxes(shape, axes);
    const body = `let x = ${context.at(0, place)}; return ${element('x')};`;
    return { how, count, along, body, geometry: `${shape.join('x')} over ${axes.join()}` };
  },
});

/** Where element `r` of output `o` lies in a value of `shape` that is reduced over axes. */
function overAxes(shape: Shape, axes: readonly number[]) {
  const all = axesWith(shape, stridesOf(shape));
  const part = (index: string, isIn: (axis: number) => boolean) =>
    placeAlong(
      index,
      all.filter((_, axis) => isIn(axis)),
    );
  const reduced = (axis: number) => axes.includes(axis);
  const last = range(0, shape.length).findLast((axis) => shape[axis]! > 1) ?? 0;
  return {
    place: `${part('o', (axis) => !reduced(axis))} + ${part('r', reduced)}`,
    count: elementCount(axes.map((axis) => shape[axis]!)),
    along: reduced(last) ? ('elements' as const) : ('outputs' as const),
  };
}

/** The place of the first maximum. */
const argMax: Pointwise = {
  kind: 'loop',
  reads: [0],
  body: ({ node, inputs, at }) => {
    if (readInt(node, 'select_last_index', 0)) throw notCovered(node, 'select_last_index is not covered');
    const [shape] = inputs as [Shape];
    const axis = axisOf(node, readInt(node, 'axis', 0), shape.length);
    const [size, inner] = [shape[axis]!, elementCount(shape.slice(axis + 1))];
    const value = at(0, `start + k * ${argument(inner)}`);
    return `let start = (i / ${argument(inner)}) * ${argument(size * inner)} + i % ${argument(inner)}; var best = 0u; var k = 0u; var most = ${value};
      for (k = 1u; k < ${argument(size)}; k++) { let v = ${value}; if (v > most) { most = v; best = k; } } return f32(best);`;
  },
};

const cumSum: Pointwise = {
  kind: 'loop',
  reads: [0],
  body: ({ node, inputs, constants, at }) => {
    const [shape] = inputs as [Shape];
    const axis = axisOf(node, requireConstantInts(node, constants, 1)[0]!, shape.length);
    const [size, inner] = [shape[axis]!, elementCount(shape.slice(axis + 1))];
    const [exclusive, reverse] = [readInt(node, 'exclusive', 0) === 1, readInt(node, 'reverse', 0) === 1];
    const own = `(i / ${argument(inner)}) % ${argument(size)}`;
    const [from, to] = reverse ? [exclusive ? 'p + 1u' : 'p', argument(size)] : ['0u', exclusive ? 'p' : 'p + 1u'];
    const value = at(0, `i - p * ${argument(inner)} + k * ${argument(inner)}`);
    return `let p = ${own}; var sum = 0f; for (var k = ${from}; k < ${to}; k++) { sum += ${value}; } return sum;`;
  },
};

export const reductionRules: Rules = {
  ':ReduceSum': reduction('sum'),
  ':ReduceSumSquare': reduction('sum', (x) => `${x} * ${x}`),
  ':ReduceMax': reduction('max'),
  ':ReduceMin': reduction('min'),
  ':ArgMax': argMax,
  ':CumSum': cumSum,
};
