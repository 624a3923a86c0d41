import type { Place } from '../memory.ts';
import type { ReductionPlan } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Program, Writer } from '../writer.ts';
import { entry, gridFor, threadIndex } from './map.ts';

/** One of the reductions of a program, which all have as many outputs, of as many elements. */
export interface Reduced {
  readonly plan: ReductionPlan;
  readonly outputs: number;
  readonly place: Place;
}

/**
 * How the work is cut. threads: each output by one thread. groups: by a workgroup whose threads take turns along the elements.
 * tiles: a workgroup has 32 outputs that lie beside each other, and 8 threads for each. Elements are cut into `parts`, of which
 * each comes to a sum of its own first.
 */
interface Cut {
  readonly way: 'threads' | 'groups' | 'tiles';
  readonly parts: number;
}

const groupSize = 256;
const tile = { outputs: 32, lanes: 8 };

/** Workgroups that keep a large GPU busy. */
const enough = 1024;

export function cutOf({ count, along }: Pick<ReductionPlan, 'count' | 'along'>, outputs: number): Cut {
  if (count <= 48 || (along === 'elements' && outputs >= 8192 && count <= 128)) return { way: 'threads', parts: 1 };
  const way = along === 'elements' ? 'groups' : 'tiles';
  const groups = way === 'groups' ? outputs : Math.ceil(outputs / tile.outputs);
  const least = way === 'groups' ? 2048 : 256;
  return { way, parts: Math.max(1, Math.min(Math.floor(enough / groups), Math.floor(count / least), 128)) };
}

/** What one part of the elements of every output comes to; [parts, outputs] in `scratch` where there are several. */
export function reducePrograms(
  write: () => Writer,
  reduced: readonly Reduced[],
  read: Bodies,
  scratch: readonly Place[],
): Program[] {
  const [{ plan, outputs }] = reduced as [Reduced];
  const cut = cutOf(plan, outputs);
  if (cut.parts === 1) return [reduceProgram(write(), reduced, read, cut)];
  const first = reduceProgram(
    write(),
    reduced.map((each, i) => ({ ...each, place: scratch[i]! })),
    read,
    cut,
  );
  const sums: ReductionPlan = { how: plan.how, count: cut.parts, along: 'outputs', body: '', geometry: '' };
  const readPart: Bodies = (writer, i) => `return ${writer.cell(scratch[i]!, `r * ${argument(outputs)} + o`)};`;
  const second = reduceProgram(
    write(),
    reduced.map((each) => ({ ...each, plan: sums })),
    readPart,
    { way: cut.parts <= 16 ? 'threads' : 'tiles', parts: 1 },
  );
  return [first, second];
}

/** The statements that return element `r` of output `o`, of reduction i, written by the program's writer. */
export type Bodies = (writer: Writer, i: number) => string;

const starts = { sum: '0f', max: '-3.4e38f', min: '3.4e38f' };

const join = (how: ReductionPlan['how'], a: string, b: string): string => (how === 'sum' ? `${a} + ${b}` : `${how}(${a}, ${b})`);

function reduceProgram(writer: Writer, reduced: readonly Reduced[], read: Bodies, { way, parts }: Cut): Program {
  const [{ plan, outputs }] = reduced as [Reduced];
  const chunk = Math.ceil(plan.count / parts);
  const elements = reduced.map((_, i) => writer.define('e', 'o: u32, r: u32', read(writer, i)));
  const loop = (first: string, step: number) => {
    const range =
      parts === 1
        ? `let end = ${argument(plan.count)};`
        : `let end = min((part + 1u) * ${argument(chunk)}, ${argument(plan.count)});`;
    const begin = parts === 1 ? first : `part * ${argument(chunk)} + ${first}`;
    const each = elements.map((name, i) => `s${i} = ${join(plan.how, `s${i}`, `${name}(o, r)`)};`).join(' ');
    const sums = elements.map((_, i) => `var s${i} = ${starts[plan.how]};`).join(' ');
    return `${sums} ${range} for (var r = ${begin}; r < end; r += ${uint(step)}) { ${each} }`;
  };
  const store = (value: (i: number) => string) =>
    reduced
      .map(({ place }, i) => `${writer.cell(place, parts === 1 ? 'o' : `part * ${argument(outputs)} + o`)} = ${value(i)};`)
      .join(' ');
  const share = (size: number) => elements.map((_, i) => `var<workgroup> w${i}: array<f32, ${size}>;`).join('\n');
  /** Halves the `lanes` of each output, which lie `apart`, until one is left. */
  const fold = (lanes: number, apart: number, lane: string) => {
    const lines = [elements.map((_, i) => `w${i}[thread] = s${i};`).join(' '), 'workgroupBarrier();'];
    for (let half = lanes / 2; half >= 1; half /= 2) {
      const halves = elements.map(
        (_, i) => `w${i}[thread] = ${join(plan.how, `w${i}[thread]`, `w${i}[thread + ${uint(half * apart)}]`)};`,
      );
      lines.push(`if (${lane} < ${uint(half)}) { ${halves.join(' ')} } workgroupBarrier();`);
    }
    return lines.join('\n');
  };
  if (way === 'threads') {
    const main = `${entry(groupSize)} { ${threadIndex(outputs)} let o = index; ${loop('0u', 1)} ${store((i) => `s${i}`)} }`;
    return writer.finish(main, gridFor(outputs));
  }
  if (way === 'groups') {
    const size = plan.count / parts <= 512 ? 64 : groupSize;
    const main = `${share(size)}
${entry(size)} { let o = group.x + group.z * 65535u; let part = group.y; if (o >= ${argument(outputs)}) { return; }
${loop('thread', size)}
${fold(size, 1, 'thread')}
if (thread == 0u) { ${store((i) => `w${i}[0]`)} } }`;
    return writer.finish(main, [Math.min(outputs, 65535), parts, Math.ceil(outputs / 65535)]);
  }
  const blocks = Math.ceil(outputs / tile.outputs);
  const main = `${share(groupSize)}
${entry(groupSize)} { let own = (group.x + group.z * 65535u) * ${uint(tile.outputs)} + thread % ${uint(tile.outputs)};
let o = min(own, ${argument(outputs - 1)}); let part = group.y; let lane = thread / ${uint(tile.outputs)};
${loop('lane', tile.lanes)}
${fold(tile.lanes, tile.outputs, 'lane')}
if (lane == 0u && own < ${argument(outputs)}) { ${store((i) => `w${i}[thread]`)} } }`;
  return writer.finish(main, [Math.min(blocks, 65535), parts, Math.ceil(blocks / 65535)]);
}
