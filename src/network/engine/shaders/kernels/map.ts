import { elementCount } from '../../../ir/graph.ts';
import type { Place } from '../memory.ts';
import { contextFor, type Made, type Plan } from '../plan.ts';
import type { Pointwise } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Program, Writer } from '../writer.ts';

const threads = 256;
/** Workgroups along one axis that every device takes. */
const widest = 65535;

/** Starts `index` with the number of this thread; threads beyond `count` end. */
export const threadIndex = (count: number): string =>
  `let index = (group.y * ${uint(widest)} + group.x) * ${uint(threads)} + thread; if (index >= ${argument(count)}) { return; }`;

export const gridFor = (count: number): Program['groups'] => {
  const groups = Math.ceil(count / threads);
  return [Math.min(groups, widest), Math.ceil(groups / widest), 1];
};

export const entry = (size: number): string =>
  `@compute @workgroup_size(${size}) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32)`;

/**
 * One thread for each number of a value.
 *
 * @param slot Where the largest size of the numbers is noted.
 */
export function mapProgram(
  writer: Writer,
  plan: Plan,
  value: Made & { readonly rule: Pointwise },
  { place, slot }: { readonly place: Place; readonly slot: number | undefined },
): Program {
  const count = elementCount(plan.graph.types[value.name]!.shape);
  const body = value.rule.body({ ...contextFor(plan, value), at: writer.at(value) });
  const compute = writer.define('v', 'i: u32', body);
  if (slot === undefined) {
    const main = `${entry(threads)} { ${threadIndex(count)} ${writer.cell(place, 'index')} = ${compute}(index); }`;
    return writer.finish(main, gridFor(count));
  }
  const main = `var<workgroup> sizes: array<f32, ${threads}>;
${entry(threads)} { let index = (group.y * ${uint(widest)} + group.x) * ${uint(threads)} + thread; var largest = 0f;
if (index < ${argument(count)}) { let v = ${compute}(index); ${writer.cell(place, 'index')} = v; largest = abs(v); }
${noteLargest(writer, slot)} }`;
  return writer.finish(main, gridFor(count));
}

/** Notes the largest size of the numbers of a value in memory. */
export function rangeProgram(
  writer: Writer,
  value: string,
  { count, slot }: { readonly count: number; readonly slot: number },
): Program {
  const groups = Math.min(mostRangeGroups, Math.ceil(count / threads));
  const main = `var<workgroup> sizes: array<f32, ${threads}>;
${entry(threads)} { var largest = 0f;
for (var i = group.x * ${uint(threads)} + thread; i < ${argument(count)}; i += ${argument(groups * threads)}) { largest = larger(largest, abs(${writer.read(value, 'i')})); }
${noteLargest(writer, slot)} }`;
  return writer.finish(main, [groups, 1, 1]);
}

const mostRangeGroups = 512;

/** Of a workgroup's `largest`. Most find a larger one there already. */
function noteLargest(writer: Writer, slot: number): string {
  const halves: string[] = [];
  for (let half = threads / 2; half >= 1; half /= 2)
    halves.push(
      `if (thread < ${uint(half)}) { sizes[thread] = larger(sizes[thread], sizes[thread + ${uint(half)}]); } workgroupBarrier();`,
    );
  const noted = writer.range(slot);
  return `sizes[thread] = largest; workgroupBarrier(); ${halves.join(' ')}
if (thread == 0u) { let bits = bitcast<u32>(sizes[0]); if (bits > atomicLoad(&${noted})) { atomicMax(&${noted}, bits); } }`;
}
