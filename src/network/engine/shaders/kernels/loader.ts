import type { Operand, ProductPlan, Quad } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Program, Writer } from '../writer.ts';
import { partsFor, type Tile } from './tiles.ts';

export interface WalkOptions {
  readonly tile: Tile;
  /** Of a slice. */
  readonly depth: number;
  readonly threads: number;
  /** As the loader's, of a matrix with so many lines in a tile. */
  readonly put: (name: 'a' | 'b', lines: number) => LoaderOptions['put'];
}

/** A workgroup's way along the depth of a product, in slices that its threads share. */
export interface Walk {
  readonly groups: Program['groups'];
  /** Statements that name what a workgroup has: batch, part, firstRow, firstColumn, and the depths from begin to end. */
  readonly names: string;
  /** Name of a function of batch, m and n: the place in the output. */
  readonly stored: string;
  /** WGSL in front of such a place: the parts before this one. */
  readonly offset: string;
  /** Statements; `inner` are those that multiply a slice. */
  readonly loop: (inner: string) => string;
}

export function walkOf(writer: Writer, plan: ProductPlan, { tile, depth, threads, put }: WalkOptions): Walk {
  const cut = partsFor(plan, tile);
  const chunk = Math.ceil(plan.k / cut / depth) * depth;
  const a = loaderOf(writer, plan.a, { name: 'a', lines: plan.m, tile: tile.m, depth, threads, put: put('a', tile.m) });
  const b = loaderOf(writer, plan.b, { name: 'b', lines: plan.n, tile: tile.n, depth, threads, put: put('b', tile.n) });
  return {
    groups: [Math.ceil(plan.n / tile.n), Math.ceil(plan.m / tile.m), plan.batch * cut],
    names: `let batch = group.z / ${argument(cut)}; let part = group.z % ${argument(cut)};
let firstRow = group.y * ${uint(tile.m)}; let firstColumn = group.x * ${uint(tile.n)};
let begin = part * ${argument(chunk)}; let end = min(${argument(plan.k)}, begin + ${argument(chunk)});`,
    stored: writer.define('place', 'batch: u32, m: u32, n: u32', `return ${plan.place};`, 'u32'),
    offset: cut === 1 ? '' : `part * ${argument(plan.batch * plan.m * plan.n)} + `,
    loop: (inner) => `${a.before('firstRow')} ${b.before('firstColumn')}
${a.fetch('begin')} ${b.fetch('begin')}
for (var k0 = begin; k0 < end; k0 += ${uint(depth)}) {
${a.share} ${b.share}
workgroupBarrier();
let next = k0 + ${uint(depth)};
if (next < end) { ${a.fetch('next')} ${b.fetch('next')} }
${inner}
workgroupBarrier();
}`,
  };
}

interface LoaderOptions {
  readonly name: 'a' | 'b';
  /** Of the whole matrix, and of a tile of it. */
  readonly lines: number;
  readonly tile: number;
  /** Of a slice. */
  readonly depth: number;
  readonly threads: number;
  /** Statements that share four numbers of the slice, `value` (vec4f): lines from 4 · quad on, at a depth. */
  readonly put: (depth: string, quad: string, value: string) => string;
}

/**
 * Each thread brings four lines of one depth at a time; what depends on the lines alone it knows before the walk. While a slice
 * is multiplied the next one is on its way: it is fetched to registers first, and shared afterwards. Padding is read as if it
 * were none and put to 0 when it is shared, so that nothing waits for a read before that.
 */
function loaderOf(writer: Writer, operand: Operand, { name, lines, tile, depth, threads, put }: LoaderOptions) {
  const line = writer.define('line', 'line: u32', operand.line, 'vec4i');
  const along = writer.define('depth', 'k: u32', operand.depth, 'vec4i');
  const quad = lines % 4 === 0 ? operand.quad : undefined;
  const read = readerOf(writer, operand, quad);
  const quads = tile / 4;
  const items = quads * depth;
  const turns = Array.from({ length: Math.ceil(items / threads) }, (_, turn) => turn);
  const of = (turn: number) => `(thread + ${uint(turn * threads)})`;
  const quadOf = (turn: number) => (operand.along === 'line' ? `${of(turn)} % ${uint(quads)}` : `${of(turn)} / ${uint(depth)}`);
  const levelOf = (turn: number) => (operand.along === 'line' ? `${of(turn)} / ${uint(quads)}` : `${of(turn)} % ${uint(depth)}`);
  const each = quad ? [0] : [0, 1, 2, 3];
  /** A tile that reaches over the end reads the last lines again. */
  const lineAt = (first: string, turn: number, i: number) =>
    `let ${name}l${turn}_${i} = ${line}(min(${first} + ${name}q${turn} * 4u + ${uint(i)}, ${argument(lines - (quad ? 4 : 1))}));`;
  const before = (first: string) =>
    turns
      .flatMap((turn) => [
        `let ${name}q${turn} = ${quadOf(turn)}; let ${name}d${turn} = ${levelOf(turn)};`,
        `var ${name}v${turn} = vec4f(); var ${name}in${turn} = vec4<bool>();`,
        ...each.map((i) => lineAt(first, turn, i)),
      ])
      .join('\n');
  const fetch = (slice: string) =>
    turns
      .map((turn) => {
        const ls = each.map((i) => `${name}l${turn}_${i}`);
        const { inside, value } = read(ls);
        return `{ let k = ${slice} + ${name}d${turn}; let d = ${along}(min(k, end - 1u));
          let inside = ${inside}; ${name}in${turn} = inside & vec4<bool>(k < end); ${name}v${turn} = ${value}; }`;
      })
      .join('\n');
  const share = turns
    .map((turn) => {
      const partial = (turn + 1) * threads > items ? `if (${of(turn)} < ${uint(items)}) ` : '';
      const value = `select(vec4f(), ${name}v${turn}, ${name}in${turn})`;
      return `${partial}{ ${put(`${name}d${turn}`, `${name}q${turn}`, value)} }`;
    })
    .join('\n');
  return { before, fetch, share };
}

/** WGSL for four numbers, of the names of their lines (of one, where they lie in a row), and for whether they are there. */
function readerOf(writer: Writer, operand: Operand, quad: Quad | undefined) {
  const place = writer.define('place', 'l: vec4i, d: vec4i, batch: u32', operand.place, 'u32');
  const padded = quad ? quad.inside : operand.inside;
  const inside = padded && writer.define('inside', 'l: vec4i, d: vec4i', padded, quad ? 'vec4<bool>' : 'bool');
  const all = 'vec4<bool>(true)';
  /** Number 0 stands in for padding. */
  const read = (from: string, i: number) => operand.at(inside ? `select(0u, ${from}, inside[${i}])` : from);
  if (quad) {
    return ([l]: readonly string[]) => {
      const from = `${place}(${l}, d, batch)`;
      const value = `vec4f(${[0, 1, 2, 3].map((i) => read(`${from} + ${i}u * ${quad.step}`, i)).join(', ')})`;
      return { inside: inside ? `${inside}(${l}, d)` : all, value };
    };
  }
  return (ls: readonly string[]) => ({
    inside: inside ? `vec4<bool>(${ls.map((l) => `${inside}(${l}, d)`).join(', ')})` : all,
    value: `vec4f(${ls.map((l, i) => read(`${place}(${l}, d, batch)`, i)).join(', ')})`,
  });
}
