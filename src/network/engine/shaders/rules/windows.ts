import type { Node, Shape } from '../../../ir/graph.ts';
import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { countedPads, type Window, windowOf } from '../../../ir/ops/support/window.ts';
import { uint } from '../wgsl.ts';
import { notCovered, type Pointwise, type Rules } from './rule.ts';

/** Windows over [N, C, H, W], one output after another. */

/** A window with the sizes of what it reads and gives. */
export interface Plane extends Window {
  /** [H, W] */
  readonly input: readonly [number, number];
  /** [Ho, Wo] */
  readonly output: readonly [number, number];
}

/** @throws NasError ENGINE_SHADERS for other than two dimensions. */
export function planeOf(node: Node, input: Shape, kernel: readonly number[]): Plane {
  if (input.length !== 4) throw notCovered(node, 'only [N, C, H, W] is covered');
  const window = windowOf(node, input, kernel);
  return { ...window, input: [input[2]!, input[3]!], output: [window.output[0]!, window.output[1]!] };
}

/** WGSL for the row, and column, that tap `ky`, `kx` of the window at (y, x) reads: i32, also outside. */
export const readPlace = ({ strides, dilations, pads }: Window): { y: string; x: string } => ({
  y: `i32(y * ${uint(strides[0]!)} + ky * ${uint(dilations[0]!)}) - ${pads[0]!}`,
  x: `i32(x * ${uint(strides[1]!)} + kx * ${uint(dilations[1]!)}) - ${pads[1]!}`,
});

/** `i` as plane (n · C + c), row y and column x of a value [N, C, H, W]. */
export const placeOf = ([height, width]: readonly [number, number]): string =>
  `let x = i % ${uint(width)}; let y = (i / ${uint(width)}) % ${uint(height)}; let plane = i / ${uint(height * width)};`;

/** Runs `each` for the taps whose place lies inside of [H, W]: `ty`, `tx`, i32. */
export function overTaps(plane: Plane, each: string): string {
  const { y, x } = readPlace(plane);
  const [height, width] = plane.input;
  return `for (var ky = 0u; ky < ${uint(plane.kernel[0]!)}; ky++) { for (var kx = 0u; kx < ${uint(plane.kernel[1]!)}; kx++) {
    let ty = ${y}; let tx = ${x};
    if (ty >= 0 && ty < ${height} && tx >= 0 && tx < ${width}) { ${each} } } }`;
}

/** The same for the places of [Ho, Wo] whose windows read (y, x) of [H, W]: by which tap `ky`, `kx`, and where `ty`, `tx`. */
export function overReaders({ kernel, strides, dilations, pads, output }: Plane, each: string): string {
  const [sy, sx] = strides as [number, number];
  return `for (var ky = 0u; ky < ${uint(kernel[0]!)}; ky++) { for (var kx = 0u; kx < ${uint(kernel[1]!)}; kx++) {
    let py = i32(y) + ${pads[0]!} - i32(ky * ${uint(dilations[0]!)}); let px = i32(x) + ${pads[1]!} - i32(kx * ${uint(dilations[1]!)});
    if (py >= 0 && px >= 0 && py % ${sy} == 0 && px % ${sx} == 0) { let ty = py / ${sy}; let tx = px / ${sx};
      if (ty < ${output[0]} && tx < ${output[1]}) { ${each} } } } }`;
}

const poolPlane = (node: Node, input: Shape): Plane => planeOf(node, input, requireInts(node, 'kernel_shape'));

const maxPool: Pointwise = {
  kind: 'loop',
  body: ({ node, inputs, outputs, at }) => {
    if (node.outputs[1]) throw notCovered(node, 'the positions of the maxima are not covered');
    const plane = poolPlane(node, inputs[0]!);
    const [height, width] = plane.input;
    const value = at(0, `(plane * ${uint(height)} + u32(ty)) * ${uint(width)} + u32(tx)`);
    return `${placeOf([outputs[0]![2]!, outputs[0]![3]!])} var m = -3.4e38f;
      ${overTaps(plane, `let v = ${value}; m = select(m, v, v > m || v != v);`)} return m;`;
  },
};

/** (dy, x, y) → dx: the first of the largest numbers of a window takes all of dy. */
const maxPoolGrad: Pointwise = {
  kind: 'loop',
  reads: [0, 1],
  body: ({ node, inputs, at }) => {
    const plane = poolPlane(node, inputs[1]!);
    const [height, width] = plane.input;
    const [rows, columns] = plane.output;
    const window = `(plane * ${uint(rows)} + u32(ty)) * ${uint(columns)} + u32(tx)`;
    const other = at(1, `(plane * ${uint(height)} + u32(oy)) * ${uint(width)} + u32(ox)`);
    const [down, across] = [uint(plane.kernel[0]!), uint(plane.kernel[1]!)];
    const oy = `ty * ${plane.strides[0]!} - ${plane.pads[0]!} + i32(jy) * ${plane.dilations[0]!}`;
    const ox = `tx * ${plane.strides[1]!} - ${plane.pads[1]!} + i32(jx) * ${plane.dilations[1]!}`;
    const first = `for (var jy = 0u; jy < ${down}; jy++) { for (var jx = 0u; jx < ${across}; jx++) { let oy = ${oy}; let ox = ${ox};
        if (oy >= 0 && oy < ${height} && ox >= 0 && ox < ${width}) { let v = ${other};
          if (v > own || (v == own && (jy < ky || (jy == ky && jx < kx)))) { first = false; } } } }`;
    return `${placeOf(plane.input)} let own = ${at(1, 'i')}; var sum = 0f;
      ${overReaders(plane, `var first = true; ${first} if (first) { sum += ${at(0, window)}; }`)} return sum;`;
  },
};

/** How many numbers of the window at (ty, tx) count, f32. */
function countOf(plane: Plane, counted: readonly number[]): string {
  const along = (axis: 0 | 1, place: string) => {
    const [size, kernel] = [plane.input[axis], plane.kernel[axis]!];
    const begin = `(${place} * ${plane.strides[axis]!} - ${plane.pads[axis]!})`;
    return `(min(${begin} + ${kernel}, ${size + counted[axis + 2]!}) - max(${begin}, ${-counted[axis]!}))`;
  };
  return `f32(${along(0, 'ty')} * ${along(1, 'tx')})`;
}

function averagePlane(node: Node, input: Shape): Plane {
  const plane = poolPlane(node, input);
  if (plane.dilations.some((dilation) => dilation !== 1)) throw notCovered(node, 'pooling with dilations is not covered');
  return plane;
}

const averagePool: Pointwise = {
  kind: 'loop',
  body: ({ node, inputs, outputs, at }) => {
    const plane = averagePlane(node, inputs[0]!);
    const [height, width] = plane.input;
    const value = at(0, `(plane * ${uint(height)} + u32(ty)) * ${uint(width)} + u32(tx)`);
    const count = countOf(plane, countedPads(node, plane)).replaceAll('ty', 'i32(y)').replaceAll('tx', 'i32(x)');
    return `${placeOf([outputs[0]![2]!, outputs[0]![3]!])} var sum = 0f; ${overTaps(plane, `sum += ${value};`)} return sum / ${count};`;
  },
};

const averagePoolGrad: Pointwise = {
  kind: 'loop',
  body: ({ node, at }) => {
    const plane = averagePlane(node, requireInts(node, 'input_shape'));
    const [rows, columns] = plane.output;
    const value = at(0, `(plane * ${uint(rows)} + u32(ty)) * ${uint(columns)} + u32(tx)`);
    const each = `sum += ${value} / ${countOf(plane, countedPads(node, plane))};`;
    return `${placeOf(plane.input)} var sum = 0f; ${overReaders(plane, each)} return sum;`;
  },
};

export const windowRules: Rules = {
  ':MaxPool': maxPool,
  ':AveragePool': averagePool,
  'espalier:MaxPoolGrad': maxPoolGrad,
  'espalier:AveragePoolGrad': averagePoolGrad,
};
