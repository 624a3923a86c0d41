import { type MatrixUnit, unitDirectives } from '../matrix-unit.ts';
import type { Place } from '../memory.ts';
import type { ProductPlan } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Program, Writer } from '../writer.ts';
import { walkOf } from './loader.ts';
import { bestTile, partsFor, type Tile } from './tiles.ts';

/**
 * A product of matrices by the GPU's units for small ones. These take 16-bit floats, so every number comes in two: its
 * nearest 16-bit float, and that of what is left over; of the four products the one of both rests is below what 32 bits hold
 * (Markidis et al. 2018, NVIDIA tensor core programmability, performance & precision). A power of two brings the largest
 * number of a matrix to 2^11 … 2^12, so that small ones lose nothing either.
 */
interface Groups extends Tile {
  /** Subgroups of the workgroup along the rows and the columns. */
  readonly down: number;
  readonly across: number;
}

/** Of one shared slice. */
const depth = 16;

const tiles: readonly Groups[] = [
  { m: 128, n: 128, down: 2, across: 4 },
  { m: 64, n: 128, down: 2, across: 4 },
  { m: 64, n: 64, down: 2, across: 2 },
  { m: 32, n: 128, down: 1, across: 4 },
  { m: 32, n: 64, down: 1, across: 4 },
  { m: 16, n: 128, down: 1, across: 4 },
];

/** Exponent of the largest number of a matrix. */
const exponent = 11;

/**
 * Whether a product is worth it: what few numbers are multiplied with, or what is done in some microseconds, takes as long
 * without the units (on an H100).
 */
export const isLarge = ({ batch, m, n, k }: ProductPlan): boolean => Math.min(m, n, k) >= 64 && batch * m * n * k >= 2 ** 29;

export const matrixPartsOf = (plan: ProductPlan): number => partsFor(plan, bestTile(plan, tiles));

/** Rows of a slice lie 16 bytes more apart than they are long, so that reads of several meet different banks of the memory. */
const apart = (size: number): number => size / 4 + 2;

export interface MatrixProductOptions {
  readonly unit: MatrixUnit;
  /** Where the largest sizes of the numbers of a and b are noted. */
  readonly slots: readonly [number, number];
}

export function matrixProgram(writer: Writer, plan: ProductPlan, place: Place, { unit, slots }: MatrixProductOptions): Program {
  const tile = bestTile(plan, tiles);
  const threads = tile.down * tile.across * unit.lanes;
  const [own, wide] = [tile.m / tile.down, tile.n / tile.across];
  const rows = range(own / unit.m);
  const columns = range(wide / unit.n);
  const put = (name: string, size: number) => (level: string, quad: string, value: string) =>
    `let i = ${level} * ${uint(apart(size))} + ${quad}; let v = ${value} * ${name}Scale;
     let near = bitcast<vec4f>((bitcast<vec4u>(v) + 0x1000u) & vec4u(0xffffe000u)); // by its bits: compilers take a way to 16 bits and back for nothing
     ${name}Near[i] = vec4<f16>(near); ${name}Rest[i] = vec4<f16>(v - near);`;
  const { groups, names, stored, offset, loop } = walkOf(writer, plan, { tile, depth, threads, put });
  const left = (part: string, r: number) =>
    `let a${part}${r} = subgroupMatrixLoad<subgroup_matrix_left<f16, ${unit.k}, ${unit.m}>, col_major>(&a${part}, d * ${uint(apart(tile.m))} + (ownRow + ${uint(r * unit.m)}) / 4u, ${uint(apart(tile.m))});`;
  const right = (part: string, c: number) =>
    `let b${part}${c} = subgroupMatrixLoad<subgroup_matrix_right<f16, ${unit.n}, ${unit.k}>, row_major>(&b${part}, d * ${uint(apart(tile.n))} + (ownColumn + ${uint(c * unit.n)}) / 4u, ${uint(apart(tile.n))});`;
  const loads = ['Near', 'Rest'].flatMap((part) => [...rows.map((r) => left(part, r)), ...columns.map((c) => right(part, c))]);
  const products = (l: string, r: string) =>
    rows.flatMap((row) =>
      columns.map((c) => `s${row}_${c} = subgroupMatrixMultiplyAccumulate(a${l}${row}, b${r}${c}, s${row}_${c});`),
    );
  const all = [...products('Near', 'Rest'), ...products('Rest', 'Near'), ...products('Near', 'Near')];
  const sums = rows.flatMap((r) => columns.map((c) => `var s${r}_${c} = subgroup_matrix_result<f32, ${unit.n}, ${unit.m}>();`));
  const area = unit.m * unit.n;
  const whole = plan.run >= unit.n && plan.m % unit.m === 0 && plan.n % unit.n === 0;
  const cell = whole ? '' : writer.cell(place, `${offset}at`);
  const store = (r: number, c: number) => {
    const [m, n] = [`firstRow + ownRow + ${uint(r * unit.m)}`, `firstColumn + ownColumn + ${uint(c * unit.n)}`];
    if (whole)
      return `{ let m = ${m}; let n = ${n}; if (m < ${argument(plan.m)} && n < ${argument(plan.n)}) {
  let scaled = subgroupMatrixScalarMultiply(subgroupMatrixScalarMultiply(s${r}_${c}, aBack), bBack);
  subgroupMatrixStore<row_major>(&${writer.buffer(place)}, ${writer.start(place)} + ${offset}${stored}(batch, m, n), scaled, ${argument(plan.rowStride)}); } }`;
    return `subgroupMatrixStore<row_major>(&staged, subgroup * ${uint(area)}, s${r}_${c}, ${uint(unit.n)}); workgroupBarrier();
for (var e = lane; e < ${uint(area)}; e += ${uint(unit.lanes)}) {
  let m = ${m} + e / ${uint(unit.n)}; let n = ${n} + e % ${uint(unit.n)};
  if (m < ${argument(plan.m)} && n < ${argument(plan.n)}) { let at = ${stored}(batch, m, n); ${cell} = staged[subgroup * ${uint(area)} + e] * aBack * bBack; }
}
workgroupBarrier();`;
  };
  const stores = rows.flatMap((r) => columns.map((c) => store(r, c)));
  const scale = (name: string, slot: number) =>
    `let ${name}Power = clamp(${exponent + 127} - i32(atomicLoad(&${writer.range(slot)}) >> 23u), -126, 126);
let ${name}Scale = bitcast<f32>(u32(127 + ${name}Power) << 23u); let ${name}Back = bitcast<f32>(u32(127 - ${name}Power) << 23u);`;
  const share = (name: string, size: number) =>
    ['Near', 'Rest'].map((part) => `var<workgroup> ${name}${part}: array<vec4<f16>, ${depth * apart(size)}>;`).join(' ');
  const main = `${share('a', tile.m)} ${share('b', tile.n)}
${whole ? '' : `var<workgroup> staged: array<f32, ${tile.down * tile.across * area}>;`}
@compute @workgroup_size(${threads}) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_id) subgroup: u32, @builtin(subgroup_invocation_id) lane: u32) {
${names}
let ownRow = (subgroup / ${uint(tile.across)}) * ${uint(own)}; let ownColumn = (subgroup % ${uint(tile.across)}) * ${uint(wide)};
${scale('a', slots[0])}
${scale('b', slots[1])}
${sums.join('\n')}
${loop(`for (var d = 0u; d < ${uint(depth)}; d += ${uint(unit.k)}) { ${loads.join('\n')}\n${all.join('\n')} }`)}
${stores.join('\n')}
}`;
  return writer.finish(main, groups, unitDirectives);
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
