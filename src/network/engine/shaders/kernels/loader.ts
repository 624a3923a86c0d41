import type { Operand, Quad } from '../rules/rule.ts';
import { argument, uint } from '../wgsl.ts';
import type { Writer } from '../writer.ts';

export interface LoaderOptions {
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
export function loaderOf(writer: Writer, operand: Operand, { name, lines, tile, depth, threads, put }: LoaderOptions) {
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
