import type { Node, Shape } from '../../../ir/graph.ts';
import { elementCount } from '../../../ir/graph.ts';
import { readInt, requireInts } from '../../../ir/ops/support/attributes.ts';
import { argument, uint } from '../wgsl.ts';
import {
  type Operand,
  type Pointwise,
  type Product,
  type Reduction,
  type Rule,
  type RuleContext,
  type Rules,
  runOf,
} from './rule.ts';
import { overReaders, overTaps, type Plane, placeOf, planeOf, readPlace } from './windows.ts';

/**
 * Convolutions, x [N,C,H,W] and w [K,C/g,kh,kw], as products of matrices that are never written ("implicit GEMM": Chetlur
 * et al. 2014, cuDNN); those of narrow groups number by number.
 */

interface Layer {
  readonly plane: Plane;
  readonly n: number;
  readonly group: number;
  /** Channels that one group reads, and gives. */
  readonly c: number;
  readonly k: number;
  /** Taps of the window. */
  readonly taps: number;
}

function layerOf(node: Node, x: Shape, w: Shape): Layer {
  const plane = planeOf(node, x, w.slice(2));
  const group = readInt(node, 'group', 1);
  return { plane, n: x[0]!, group, c: w[1]!, k: w[0]! / group, taps: elementCount(plane.kernel) };
}

/** Too few rows for a product. */
const narrow = ({ group, c, k }: Layer): boolean => group > 1 && Math.min(c, k) < 8;

const size = ([height, width]: readonly [number, number]): number => height * width;

/** Names of the numbers that a function of one index gives: `line` or `k` cut into tap (ky, kx) and the channel before it. */
const tapOf = (index: string, { plane, taps }: Layer): string =>
  `let c = ${index} / ${uint(taps)}; let t = ${index} % ${uint(taps)}; let ky = t / ${uint(plane.kernel[1]!)}; let kx = t % ${uint(plane.kernel[1]!)};`;

/** … cut into sample, row and column of a plane. */
const sampleOf = (index: string, [height, width]: readonly [number, number]): string =>
  `let s = ${index} / ${uint(height * width)}; let y = (${index} / ${uint(width)}) % ${uint(height)}; let x = ${index} % ${uint(width)};`;

/** x, taps as they lie under a window: one of the indices gives the place of the window, the other channel and tap. */
function windowed(layer: Layer, at: (place: string) => string, place: 'line' | 'depth'): Operand {
  const { plane, group, c } = layer;
  const width = plane.input[1]!;
  const plain = size(plane.input);
  const [sy, sx] = plane.strides as [number, number];
  const ofPlace = (index: string) =>
    `${sampleOf(index, plane.output)} return vec4i(i32(s * ${argument(group * c * plain)}), i32(y) * ${sy} - ${plane.pads[0]!}, i32(x) * ${sx} - ${plane.pads[1]!}, 0);`;
  const ofTap = (index: string) =>
    `${tapOf(index, layer)} return vec4i(i32(c * ${uint(plain)}), i32(ky) * ${plane.dilations[0]!}, i32(kx) * ${plane.dilations[1]!}, 0);`;
  const operand = {
    input: 0,
    place: `let p = l + d; return u32(p.x + p.y * ${width} + p.z) + batch * ${argument(c * plain)};`,
    at,
  } as const;
  const checked = isInside(plane) ? {} : { inside: insideOf(plane.input) };
  if (place === 'depth') return { ...operand, ...checked, along: 'depth', line: ofTap('line'), depth: ofPlace('k') };
  const quadChecked = isInside(plane) ? {} : { inside: quadInside(plane.input, sx) };
  const quad = inRows(plane.output) ? { quad: { step: uint(sx), ...quadChecked } } : {};
  return { ...operand, ...checked, ...quad, along: 'line', line: ofPlace('line'), depth: ofTap('k') };
}

/** Lines that lie `step` from each other, of groups that lie `apart`. */
const rowsOf = (at: (place: string) => string, apart: number, step: string): Pick<Operand, 'place' | 'quad' | 'at'> => ({
  place: `return batch * ${argument(apart)} + u32(l.x + d.x);`,
  quad: { step },
  at,
});

/** Whether row p.y and column p.z are in a plane [height, width]. */
const insideOf = ([height, width]: readonly [number, number]): string =>
  `let p = l + d; return p.y >= 0 && p.y < ${height} && p.z >= 0 && p.z < ${width};`;

/** … and the next three columns, in steps of `step`. */
const quadInside = ([height, width]: readonly [number, number], step: number): string =>
  `let p = l + d; let x = p.z + vec4i(0, ${step}, ${2 * step}, ${3 * step});
    return vec4<bool>(p.y >= 0 && p.y < ${height}) & (x >= vec4i()) & (x < vec4i(${width}));`;

/** Whether four places from a multiple of four on lie in one row. */
const inRows = ([, width]: readonly [number, number]): boolean => width % 4 === 0;

/** No window reads padding. */
const isInside = ({ kernel, strides, dilations, pads, input, output }: Plane): boolean =>
  [0, 1].every((axis) => {
    const last = (output[axis]! - 1) * strides[axis]! + (kernel[axis]! - 1) * dilations[axis]! - pads[axis]!;
    return pads[axis] === 0 && last < input[axis]!;
  });

/** The layer of a node whose gradients or outputs are computed, by where its shapes stand. */
type LayerOfNode = (context: Omit<RuleContext, 'at'>) => Layer;

const forward: LayerOfNode = ({ node, inputs }) => layerOf(node, inputs[0]!, inputs[1]!);
const byInputGrad: LayerOfNode = ({ node, inputs }) => layerOf(node, requireInts(node, 'input_shape'), inputs[1]!);
const byWeightGrad: LayerOfNode = ({ node, inputs }) => layerOf(node, inputs[0]!, requireInts(node, 'weight_shape'));

/** rows k, columns (sample, place), depth (c, tap). */
const forwardProduct: Product = {
  kind: 'product',
  reads: [0, 1],
  describe: (context) => {
    const { at } = context;
    const layer = forward(context);
    const { plane, n, group, c, k, taps } = layer;
    const out = size(plane.output);
    const weights: Operand = {
      input: 1,
      along: 'depth',
      line: `return vec4i(i32(line * ${argument(c * taps)}), 0, 0, 0);`,
      depth: 'return vec4i(i32(k), 0, 0, 0);',
      ...rowsOf((place) => at(1, place), k * c * taps, argument(c * taps)),
    };
    return {
      batch: group,
      m: k,
      n: n * out,
      k: c * taps,
      a: weights,
      b: windowed(layer, (place) => at(0, place), 'line'),
      place: `(n / ${uint(out)}) * ${argument(group * k * out)} + (batch * ${argument(k)} + m) * ${uint(out)} + n % ${uint(out)}`,
      rowStride: out,
      run: runOf(out),
    };
  },
};

/** rows c, columns (sample, place of x), depth (k, tap). */
const inputGradProduct: Product = {
  kind: 'product',
  reads: [0, 1],
  describe: (context) => {
    const { at } = context;
    const layer = byInputGrad(context);
    const { plane, n, group, c, k, taps } = layer;
    const [inside, out] = [size(plane.input), size(plane.output)];
    const [sy, sx] = plane.strides as [number, number];
    const [rows, columns] = plane.output;
    const plain = sy === 1 && sx === 1;
    const spread: Operand = {
      input: 0,
      along: 'line',
      line: `${sampleOf('line', plane.input)} return vec4i(i32(s * ${argument(group * k * out)}), i32(y) + ${plane.pads[0]!}, i32(x) + ${plane.pads[1]!}, 0);`,
      depth: `${tapOf('k', layer)} return vec4i(i32(c * ${uint(out)}), -i32(ky) * ${plane.dilations[0]!}, -i32(kx) * ${plane.dilations[1]!}, 0);`,
      place: `let p = l + d; return u32(p.x + (p.y / ${sy}) * ${columns} + p.z / ${sx}) + batch * ${argument(k * out)};`,
      inside: plain
        ? insideOf(plane.output)
        : `let p = l + d; return p.y >= 0 && p.z >= 0 && p.y % ${sy} == 0 && p.z % ${sx} == 0 && p.y < ${rows * sy} && p.z < ${columns * sx};`,
      ...(plain && inRows(plane.input) ? { quad: { step: '1u', inside: quadInside(plane.output, 1) } } : {}),
      at: (place) => at(0, place),
    };
    const weights: Operand = {
      input: 1,
      along: 'depth',
      line: `return vec4i(i32(line * ${uint(taps)}), 0, 0, 0);`,
      depth: `return vec4i(i32((k / ${uint(taps)}) * ${argument(c * taps)} + k % ${uint(taps)}), 0, 0, 0);`,
      ...rowsOf((place) => at(1, place), k * c * taps, uint(taps)),
    };
    return {
      batch: group,
      m: c,
      n: n * inside,
      k: k * taps,
      a: weights,
      b: spread,
      place: `(n / ${uint(inside)}) * ${argument(group * c * inside)} + (batch * ${argument(c)} + m) * ${uint(inside)} + n % ${uint(inside)}`,
      rowStride: inside,
      run: runOf(inside),
    };
  },
};

/** rows k, columns (c, tap), depth (sample, place of dy). */
const weightGradProduct: Product = {
  kind: 'product',
  reads: [0, 1],
  describe: (context) => {
    const { at } = context;
    const layer = byWeightGrad(context);
    const { plane, n, group, c, k, taps } = layer;
    const out = size(plane.output);
    const outputs: Operand = {
      input: 1,
      along: 'depth',
      line: `return vec4i(i32(line * ${uint(out)}), 0, 0, 0);`,
      depth: `return vec4i(i32((k / ${uint(out)}) * ${argument(group * k * out)} + k % ${uint(out)}), 0, 0, 0);`,
      ...rowsOf((place) => at(1, place), k * out, uint(out)),
    };
    return {
      batch: group,
      m: k,
      n: c * taps,
      k: n * out,
      a: outputs,
      b: windowed(layer, (place) => at(0, place), 'depth'),
      place: `(batch * ${argument(k)} + m) * ${argument(c * taps)} + n`,
      rowStride: c * taps,
      run: 16,
    };
  },
};

/** Number by number. */
const forwardLoop: Pointwise = {
  kind: 'loop',
  reads: [0, 1],
  body: (context) => {
    const { at } = context;
    const layer = forward(context);
    const { plane, group, c, k, taps } = layer;
    const [height, width] = plane.input;
    const input = at(
      0,
      `((s * ${argument(group * c)} + g * ${argument(c)} + j) * ${uint(height)} + u32(ty)) * ${uint(width)} + u32(tx)`,
    );
    const weight = at(1, `(row * ${argument(c)} + j) * ${uint(taps)} + ky * ${uint(plane.kernel[1]!)} + kx`);
    return `${placeOf(plane.output)} let row = plane % ${argument(group * k)}; let s = plane / ${argument(group * k)}; let g = row / ${argument(k)}; var sum = 0f;
      ${overTaps(plane, `for (var j = 0u; j < ${argument(c)}; j++) { sum = fma(${input}, ${weight}, sum); }`)} return sum;`;
  },
};

const inputGradLoop: Pointwise = {
  kind: 'loop',
  reads: [0, 1],
  body: (context) => {
    const { at } = context;
    const layer = byInputGrad(context);
    const { plane, group, c, k, taps } = layer;
    const [rows, columns] = plane.output;
    const output = at(0, `((s * ${argument(group * k)} + row) * ${uint(rows)} + u32(ty)) * ${uint(columns)} + u32(tx)`);
    const weight = at(
      1,
      `(row * ${argument(c)} + channel % ${argument(c)}) * ${uint(taps)} + ky * ${uint(plane.kernel[1]!)} + kx`,
    );
    const each = `for (var j = 0u; j < ${argument(k)}; j++) { let row = g * ${argument(k)} + j; sum = fma(${output}, ${weight}, sum); }`;
    return `${placeOf(plane.input)} let channel = plane % ${argument(group * c)}; let s = plane / ${argument(group * c)}; let g = channel / ${argument(c)}; var sum = 0f;
      ${overReaders(plane, each)} return sum;`;
  },
};

/** Each weight is a sum over samples and places. */
const weightGradSum: Reduction = {
  kind: 'reduction',
  reads: [0, 1],
  describe: (context) => {
    const { at } = context;
    const layer = byWeightGrad(context);
    const { plane, n, group, c, k, taps } = layer;
    const [height, width] = plane.input;
    const out = size(plane.output);
    const places = readPlace(plane);
    const input = at(
      0,
      `((s * ${argument(group)} + row / ${argument(k)}) * ${argument(c)} + j) * ${uint(height * width)} + u32(ty) * ${uint(width)} + u32(tx)`,
    );
    const output = at(1, `(s * ${argument(group * k)} + row) * ${uint(out)} + r % ${uint(out)}`);
    const body = `let row = o / ${argument(c * taps)}; let j = (o / ${uint(taps)}) % ${argument(c)}; let t = o % ${uint(taps)};
      let ky = t / ${uint(plane.kernel[1]!)}; let kx = t % ${uint(plane.kernel[1]!)}; ${sampleOf('r', plane.output)}
      let ty = ${places.y}; let tx = ${places.x};
      if (ty < 0 || ty >= ${height} || tx < 0 || tx >= ${width}) { return 0f; } return ${input} * ${output};`;
    return { how: 'sum', count: n * out, along: 'elements', body, geometry: `weights ${context.node.name}` };
  },
};

const either =
  (layerOfNode: LayerOfNode, loop: Rule, product: Rule) =>
  (context: Omit<RuleContext, 'at'>): Rule =>
    narrow(layerOfNode(context)) ? loop : product;

export const convolutionRules: Rules = {
  ':Conv': either(forward, forwardLoop, forwardProduct),
  'espalier:ConvInputGrad': either(byInputGrad, inputGradLoop, inputGradProduct),
  'espalier:ConvWeightGrad': either(byWeightGrad, weightGradSum, weightGradProduct),
};
