import type { Place } from '../memory.ts';
import type { Operand, ProductPlan } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Program, Writer } from '../writer.ts';
import { entry } from './map.ts';

/**
 * A product of matrices in tiles: a workgroup has m × n numbers of the output, each of its threads a few by a few, and walks
 * along the depth in slices that it shares (Volkov and Demmel 2008, Benchmarking GPUs to tune dense linear algebra).
 */
interface Tile {
  readonly m: number;
  readonly n: number;
  /** Of one thread: multiples of 4. */
  readonly rows: number;
  readonly columns: number;
}

/** Of one shared slice. */
const depth = 16;

/** Larger ones read less for each product, smaller ones keep more of the device busy. */
const tiles: readonly Tile[] = [
  { m: 128, n: 128, rows: 8, columns: 8 },
  { m: 64, n: 128, rows: 8, columns: 4 },
  { m: 64, n: 64, rows: 4, columns: 4 },
  { m: 32, n: 128, rows: 4, columns: 4 },
  { m: 32, n: 64, rows: 4, columns: 4 },
  { m: 16, n: 128, rows: 4, columns: 4 },
  { m: 32, n: 32, rows: 4, columns: 4 },
  { m: 16, n: 64, rows: 4, columns: 4 },
];

/** Workgroups that keep a large GPU busy. */
const enough = 256;

const count = ({ batch, m, n }: ProductPlan, tile: Tile): number => batch * Math.ceil(m / tile.m) * Math.ceil(n / tile.n);

/** Share of a tile's work that is wanted. */
const used = ({ m, n }: ProductPlan, tile: Tile): number =>
  (m / (Math.ceil(m / tile.m) * tile.m)) * (n / (Math.ceil(n / tile.n) * tile.n));

/** The tile that wastes little and is large, of those that come to enough workgroups. */
function tileFor(plan: ProductPlan): Tile {
  const score = (tile: Tile) => {
    const size = (tile.m * tile.n) / (tile.m + tile.n);
    const busy = Math.min(1, (count(plan, tile) * parts(plan, tile)) / enough);
    return used(plan, tile) * busy * Math.min(1, size / 48 + 0.3);
  };
  return tiles.reduce((best, tile) => (score(tile) > score(best) ? tile : best));
}

const parts = (plan: ProductPlan, tile: Tile): number =>
  Math.max(1, Math.min(Math.floor((2 * enough) / count(plan, tile)), Math.floor(plan.k / 512), 128));

/** Parts that the depth is cut into, each a sum of its own first. */
export const partsOf = (plan: ProductPlan): number => parts(plan, tileFor(plan));

export function productProgram(writer: Writer, plan: ProductPlan, place: Place): Program {
  const tile = tileFor(plan);
  const cut = parts(plan, tile);
  const threads = (tile.m / tile.rows) * (tile.n / tile.columns);
  const chunk = Math.ceil(plan.k / cut / depth) * depth;
  const a = loaderOf(writer, plan.a, { name: 'a', lines: plan.m, tile: tile.m, threads });
  const b = loaderOf(writer, plan.b, { name: 'b', lines: plan.n, tile: tile.n, threads });
  const across = tile.n / tile.columns;
  const groupsOf = (size: number) => Array.from({ length: size / 4 }, (_, i) => i);
  const [rows, columns] = [groupsOf(tile.rows), groupsOf(tile.columns)];
  const down = tile.m / tile.rows;
  const sums = rows.flatMap((r) => [0, 1, 2, 3].flatMap((i) => columns.map((c) => `var s${r * 4 + i}_${c} = vec4f();`)));
  const loads = [
    ...rows.map((r) => `let a${r} = ta[d * ${uint(tile.m / 4)} + ${uint(r * down)} + ty];`),
    ...columns.map((c) => `let b${c} = tb[d * ${uint(tile.n / 4)} + ${uint(c * across)} + tx];`),
  ];
  const products = rows.flatMap((r) =>
    [0, 1, 2, 3].flatMap((i) =>
      columns.map((c) => `s${r * 4 + i}_${c} = fma(vec4f(a${r}.${'xyzw'[i]}), b${c}, s${r * 4 + i}_${c});`),
    ),
  );
  const cell = writer.cell(place, cut === 1 ? 'at' : `part * ${argument(plan.batch * plan.m * plan.n)} + at`);
  const stored = writer.define('place', 'batch: u32, m: u32, n: u32', `return ${plan.place};`, 'u32');
  const stores = rows.flatMap((r) =>
    [0, 1, 2, 3].map((i) => {
      const row = `{ let m = firstRow + ${uint(r * down * 4)} + ty * 4u + ${uint(i)}; if (m < ${argument(plan.m)}) {`;
      const each = columns.map(
        (c) => `for (var j = 0u; j < 4u; j++) { let n = firstColumn + ${uint(c * across * 4)} + tx * 4u + j;
          if (n < ${argument(plan.n)}) { let at = ${stored}(batch, m, n); ${cell} = s${r * 4 + i}_${c}[j]; } }`,
      );
      return `${row} ${each.join(' ')} } }`;
    }),
  );
  const main = `var<workgroup> ta: array<vec4f, ${(depth * tile.m) / 4}>;
var<workgroup> tb: array<vec4f, ${(depth * tile.n) / 4}>;
${entry(threads)} {
let batch = group.z / ${argument(cut)}; let part = group.z % ${argument(cut)};
let firstRow = group.y * ${uint(tile.m)}; let firstColumn = group.x * ${uint(tile.n)};
let tx = thread % ${uint(across)}; let ty = thread / ${uint(across)};
let begin = part * ${argument(chunk)}; let end = min(${argument(plan.k)}, begin + ${argument(chunk)});
${sums.join(' ')}
${a.before('firstRow')} ${b.before('firstColumn')}
${a.fetch('begin')} ${b.fetch('begin')}
for (var k0 = begin; k0 < end; k0 += ${uint(depth)}) {
${a.share} ${b.share}
workgroupBarrier();
let next = k0 + ${uint(depth)};
if (next < end) { ${a.fetch('next')} ${b.fetch('next')} }
for (var d = 0u; d < ${uint(depth)}; d++) { ${loads.join(' ')}
${products.join('\n')} }
workgroupBarrier();
}
${stores.join('\n')}
}`;
  return writer.finish(main, [Math.ceil(plan.n / tile.n), Math.ceil(plan.m / tile.m), plan.batch * cut]);
}

interface LoaderOptions {
  readonly name: 'a' | 'b';
  readonly lines: number;
  readonly tile: number;
  readonly threads: number;
}

/**
 * Each thread brings four lines of one depth at a time; what depends on the lines alone it knows before the walk. While a slice
 * is multiplied the next one is on its way, so it is fetched to registers first and shared afterwards.
 */
function loaderOf(writer: Writer, operand: Operand, { name, lines, tile, threads }: LoaderOptions) {
  const line = writer.define('line', 'line: u32', operand.line, 'vec4i');
  const along = writer.define('depth', 'k: u32', operand.depth, 'vec4i');
  const inRow = operand.quad !== undefined && lines % 4 === 0;
  const value = inRow
    ? writer.define('quad', 'l: vec4i, d: vec4i, batch: u32', operand.quad!, 'vec4f')
    : writer.define('value', 'l: vec4i, d: vec4i, batch: u32', operand.value);
  const quads = tile / 4;
  const items = quads * depth;
  const turns = Array.from({ length: Math.ceil(items / threads) }, (_, turn) => turn);
  const of = (turn: number) => `(thread + ${uint(turn * threads)})`;
  const quad = (turn: number) => (operand.along === 'line' ? `${of(turn)} % ${uint(quads)}` : `${of(turn)} / ${uint(depth)}`);
  const level = (turn: number) => (operand.along === 'line' ? `${of(turn)} / ${uint(quads)}` : `${of(turn)} % ${uint(depth)}`);
  const each = inRow ? [0] : [0, 1, 2, 3];
  /** A tile that reaches over the end reads the last lines again. */
  const lineAt = (first: string, turn: number, i: number) =>
    `let ${name}l${turn}_${i} = ${line}(min(${first} + ${name}q${turn} * 4u + ${uint(i)}, ${argument(lines - (inRow ? 4 : 1))}));`;
  const before = (first: string) =>
    turns
      .flatMap((turn) => [
        `let ${name}q${turn} = ${quad(turn)}; let ${name}d${turn} = ${level(turn)}; var ${name}v${turn} = vec4f();`,
        ...each.map((i) => lineAt(first, turn, i)),
      ])
      .join('\n');
  const fetch = (slice: string) =>
    turns
      .map((turn) => {
        const parts = each.map((i) => `${value}(${name}l${turn}_${i}, depth, batch)`);
        return `{ let k = ${slice} + ${name}d${turn}; ${name}v${turn} = vec4f();
          if (k < end) { let depth = ${along}(k); ${name}v${turn} = vec4f(${parts.join(', ')}); } }`;
      })
      .join('\n');
  const share = turns
    .map((turn) => {
      const partial = (turn + 1) * threads > items ? `if (${of(turn)} < ${uint(items)}) ` : '';
      return `${partial}{ t${name}[${name}d${turn} * ${uint(quads)} + ${name}q${turn}] = ${name}v${turn}; }`;
    })
    .join('\n');
  return { before, fetch, share };
}
