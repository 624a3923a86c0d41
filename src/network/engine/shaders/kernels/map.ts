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

/** One thread for each number of a value. */
export function mapProgram(writer: Writer, plan: Plan, value: Made & { readonly rule: Pointwise }, place: Place): Program {
  const count = elementCount(plan.graph.types[value.name]!.shape);
  const body = value.rule.body({ ...contextFor(plan, value), at: writer.at(value) });
  const compute = writer.define('v', 'i: u32', body);
  const main = `${entry(threads)} { ${threadIndex(count)} ${writer.cell(place, 'index')} = ${compute}(index); }`;
  return writer.finish(main, gridFor(count));
}
