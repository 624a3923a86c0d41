import type { Place } from '../memory.ts';
import type { ProductPlan } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Program, Writer } from '../writer.ts';
import { walkOf } from './loader.ts';
import { entry } from './map.ts';
import { bestTile, partsFor, type Tile } from './tiles.ts';

/**
 * A product of matrices in tiles: a workgroup has m × n numbers of the output, each of its threads a few by a few, and walks
 * along the depth in slices that it shares (Volkov and Demmel 2008, Benchmarking GPUs to tune dense linear algebra).
 */
interface Threads extends Tile {
  /** Of one thread: multiples of 4. */
  readonly rows: number;
  readonly columns: number;
}

/** Of one shared slice. */
const depth = 16;

const tiles: readonly Threads[] = [
  { m: 128, n: 128, rows: 8, columns: 8 },
  { m: 64, n: 128, rows: 8, columns: 4 },
  { m: 64, n: 64, rows: 4, columns: 4 },
  { m: 32, n: 128, rows: 4, columns: 4 },
  { m: 32, n: 64, rows: 4, columns: 4 },
  { m: 16, n: 128, rows: 4, columns: 4 },
  { m: 32, n: 32, rows: 4, columns: 4 },
  { m: 16, n: 64, rows: 4, columns: 4 },
];

/** Parts that the depth is cut into, each a sum of its own first. */
export const partsOf = (plan: ProductPlan): number => partsFor(plan, bestTile(plan, tiles));

export function productProgram(writer: Writer, plan: ProductPlan, place: Place): Program {
  const tile = bestTile(plan, tiles);
  const threads = (tile.m / tile.rows) * (tile.n / tile.columns);
  const put = (name: string, size: number) => (level: string, quad: string, value: string) =>
    `t${name}[${level} * ${uint(size / 4)} + ${quad}] = ${value};`;
  const { groups, names, stored, offset, loop } = walkOf(writer, plan, { tile, depth, threads, put });
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
  const cell = writer.cell(place, `${offset}at`);
  const stores = rows.flatMap((r) =>
    [0, 1, 2, 3].map((i) => {
      const row = `{ let m = firstRow + ${uint(r * down * 4)} + ty * 4u + ${uint(i)}; if (m < ${argument(plan.m)}) {`;
      const each = columns.map((c) => {
        const first = `let n0 = firstColumn + ${uint(c * across * 4)} + tx * 4u;`;
        const value = `s${r * 4 + i}_${c}[j]`;
        if (plan.run >= 4 && plan.n % 4 === 0)
          return `{ ${first} if (n0 < ${argument(plan.n)}) { let first = ${stored}(batch, m, n0); for (var j = 0u; j < 4u; j++) { let at = first + j; ${cell} = ${value}; } } }`;
        return `{ ${first} for (var j = 0u; j < 4u; j++) { let n = n0 + j; if (n < ${argument(plan.n)}) { let at = ${stored}(batch, m, n); ${cell} = ${value}; } } }`;
      });
      return `${row} ${each.join(' ')} } }`;
    }),
  );
  const main = `var<workgroup> ta: array<vec4f, ${(depth * tile.m) / 4}>;
var<workgroup> tb: array<vec4f, ${(depth * tile.n) / 4}>;
${entry(threads)} {
${names}
let tx = thread % ${uint(across)}; let ty = thread / ${uint(across)};
${sums.join(' ')}
${loop(`for (var d = 0u; d < ${uint(depth)}; d++) { ${loads.join(' ')}\n${products.join('\n')} }`)}
${stores.join('\n')}
}`;
  return writer.finish(main, groups);
}
