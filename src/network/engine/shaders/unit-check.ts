import { Builder } from '../../ir/builder.ts';
import type { Graph } from '../../ir/graph.ts';
import type { Session } from '../session.ts';
import type { Units } from './program.ts';

/** Lines and depth of the matrices: several slices, of whole small matrices and not. */
const sizes = [80, 77];

/** max(a, 0) · b: of one the largest number is noted when it is written, of the other it is looked for. */
function productGraph(size: number): Graph {
  const b = new Builder('matrix units');
  const [left, right] = ['a', 'b'].map((name) => b.input(name, { dtype: 'float32', shape: [size, size] })) as [string, string];
  return b.build([b.op('MatMul', [b.op('Relu', [left]), right])]);
}

/** Of 24 bits, which two numbers of 16 bits hold nearly all of; b's are small, as gradients are. */
const numberOf = (i: number, scale: number): number => Math.fround(Math.sin(i * 12.9898) * scale);

/** An order below what one number of 16 bits for each would lose. */
const tolerance = 1e-5;

/**
 * Whether the units compute a product right to almost what 32 bits hold: drivers are young here.
 *
 * @param open A session of a graph on the device, with the units for every product.
 */
export async function unitsWork(open: Open): Promise<boolean> {
  try {
    for (const size of sizes) if (!(await isRight(open, size))) return false;
    return true;
  } catch {
    return false;
  }
}

type Open = (graph: Graph, isWanted: Required<Units>['isWanted']) => Promise<Session>;

async function isRight(open: Open, size: number): Promise<boolean> {
  const graph = productGraph(size);
  const a = Float32Array.from({ length: size * size }, (_, i) => numberOf(i, 3));
  const b = Float32Array.from({ length: size * size }, (_, i) => numberOf(i + 7, 1e-6));
  const type = { dtype: 'float32', shape: [size, size] } as const;
  const session = await open(graph, () => true);
  try {
    const found = await session.run({ a: { ...type, data: a }, b: { ...type, data: b } });
    return isProduct(a, b, found[graph.outputs[0]!]!.data, size);
  } finally {
    await session.release();
  }
}

function isProduct(a: Float32Array, b: Float32Array, found: ArrayLike<number | bigint>, size: number): boolean {
  let [off, largest] = [0, 0];
  for (let m = 0; m < size; m++) {
    for (let n = 0; n < size; n++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += Math.max(a[m * size + k]!, 0) * b[k * size + n]!;
      const difference = Math.abs(Number(found[m * size + n]) - sum);
      if (!(difference <= Number.MAX_VALUE)) return false;
      off = Math.max(off, difference);
      largest = Math.max(largest, Math.abs(sum));
    }
  }
  return off < tolerance * largest;
}
