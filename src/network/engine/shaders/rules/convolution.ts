import type { Node, Shape } from '../../../ir/graph.ts';
import { elementCount } from '../../../ir/graph.ts';
import { readInt, requireInts } from '../../../ir/ops/support/attributes.ts';
import { uint } from '../wgsl.ts';
import type { Operand, Pointwise, Product, Reduction, Rule, RuleContext, Rules } from './rule.ts';
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
  const [height, width] = plane.input;
  const plain = size(plane.input);
  const [sy, sx] = plane.strides as [number, number];
  const ofPlace = (index: string) =>
    `${sampleOf(index, plane.output)} return vec4i(i32(s * ${uint(group * c * plain)}), i32(y) * ${sy} - ${plane.pads[0]!}, i32(x) * ${sx} - ${plane.pads[1]!}, 0);`;
  const ofTap = (index: string) =>
    `${tapOf(index, layer)} return vec4i(i32(c * ${uint(plain)}), i32(ky) * ${plane.dilations[0]!}, i32(kx) * ${plane.dilations[1]!}, 0);`;
  const base = `u32(l.x + d.x) + batch * ${uint(c * plain)}`;
  const inside = isInside(plane);
  const value = inside
    ? `return ${at(`${base} + u32((l.y + d.y) * ${width} + l.z + d.z)`)};`
    : `let p = l + d; if (p.y < 0 || p.y >= ${height} || p.z < 0 || p.z >= ${width}) { return 0f; }
      return ${at(`${base} + u32(p.y * ${width} + p.z)`)};`;
  return place === 'line'
    ? { along: 'line', line: ofPlace('line'), depth: ofTap('k'), value }
    : { along: 'depth', line: ofTap('line'), depth: ofPlace('k'), value };
}

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
      along: 'depth',
      line: `return vec4i(i32(line * ${uint(c * taps)}), 0, 0, 0);`,
      depth: 'return vec4i(i32(k), 0, 0, 0);',
      value: `return ${at(1, `batch * ${uint(k * c * taps)} + u32(l.x + d.x)`)};`,
    };
    return {
      batch: group,
      m: k,
      n: n * out,
      k: c * taps,
      a: weights,
      b: windowed(layer, (place) => at(0, place), 'line'),
      place: `(n / ${uint(out)}) * ${uint(group * k * out)} + (batch * ${uint(k)} + m) * ${uint(out)} + n % ${uint(out)}`,
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
    const steps = sy === 1 && sx === 1 ? '' : `if (p.y % ${sy} != 0 || p.z % ${sx} != 0) { return 0f; }`;
    const spread: Operand = {
      along: 'line',
      line: `${sampleOf('line', plane.input)} return vec4i(i32(s * ${uint(group * k * out)}), i32(y) + ${plane.pads[0]!}, i32(x) + ${plane.pads[1]!}, 0);`,
      depth: `${tapOf('k', layer)} return vec4i(i32(c * ${uint(out)}), -i32(ky) * ${plane.dilations[0]!}, -i32(kx) * ${plane.dilations[1]!}, 0);`,
      value: `let p = l + d; if (p.y < 0 || p.z < 0) { return 0f; } ${steps} let y = p.y / ${sy}; let x = p.z / ${sx};
        if (y >= ${rows} || x >= ${columns}) { return 0f; } return ${at(0, `u32(p.x) + batch * ${uint(k * out)} + u32(y * ${columns} + x)`)};`,
    };
    const weights: Operand = {
      along: 'depth',
      line: `return vec4i(i32(line * ${uint(taps)}), 0, 0, 0);`,
      depth: `return vec4i(i32((k / ${uint(taps)}) * ${uint(c * taps)} + k % ${uint(taps)}), 0, 0, 0);`,
      value: `return ${at(1, `batch * ${uint(k * c * taps)} + u32(l.x + d.x)`)};`,
    };
    return {
      batch: group,
      m: c,
      n: n * inside,
      k: k * taps,
      a: weights,
      b: spread,
      place: `(n / ${uint(inside)}) * ${uint(group * c * inside)} + (batch * ${uint(c)} + m) * ${uint(inside)} + n % ${uint(inside)}`,
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
      along: 'depth',
      line: `return vec4i(i32(line * ${uint(out)}), 0, 0, 0);`,
      depth: `return vec4i(i32((k / ${uint(out)}) * ${uint(group * k * out)} + k % ${uint(out)}), 0, 0, 0);`,
      value: `return ${at(1, `batch * ${uint(k * out)} + u32(l.x + d.x)`)};`,
    };
    return {
      batch: group,
      m: k,
      n: c * taps,
      k: n * out,
      a: outputs,
      b: windowed(layer, (place) => at(0, place), 'depth'),
      place: `(batch * ${uint(k)} + m) * ${uint(c * taps)} + n`,
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
    const input = at(0, `((s * ${uint(group * c)} + g * ${uint(c)} + j) * ${uint(height)} + u32(ty)) * ${uint(width)} + u32(tx)`);
    const weight = at(1, `(row * ${uint(c)} + j) * ${uint(taps)} + ky * ${uint(plane.kernel[1]!)} + kx`);
    return `${placeOf(plane.output)} let row = plane % ${uint(group * k)}; let s = plane / ${uint(group * k)}; let g = row / ${uint(k)}; var sum = 0f;
      ${overTaps(plane, `for (var j = 0u; j < ${uint(c)}; j++) { sum = fma(${input}, ${weight}, sum); }`)} return sum;`;
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
    const output = at(0, `((s * ${uint(group * k)} + row) * ${uint(rows)} + u32(ty)) * ${uint(columns)} + u32(tx)`);
    const weight = at(1, `(row * ${uint(c)} + channel % ${uint(c)}) * ${uint(taps)} + ky * ${uint(plane.kernel[1]!)} + kx`);
    const each = `for (var j = 0u; j < ${uint(k)}; j++) { let row = g * ${uint(k)} + j; sum = fma(${output}, ${weight}, sum); }`;
    return `${placeOf(plane.input)} let channel = plane % ${uint(group * c)}; let s = plane / ${uint(group * c)}; let g = channel / ${uint(c)}; var sum = 0f;
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
      `((s * ${uint(group)} + row / ${uint(k)}) * ${uint(c)} + j) * ${uint(height * width)} + u32(ty) * ${uint(width)} + u32(tx)`,
    );
    const output = at(1, `(s * ${uint(group * k)} + row) * ${uint(out)} + r % ${uint(out)}`);
    const body = `let row = o / ${uint(c * taps)}; let j = (o / ${uint(taps)}) % ${uint(c)}; let t = o % ${uint(taps)};
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
