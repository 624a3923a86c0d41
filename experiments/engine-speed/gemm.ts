import { openSession } from '../../src/network/engine/session.ts';
import { Builder } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';

const size = 1536;

/** The best rate at which onnxruntime multiplies large matrices here, in GFLOP/s: a yardstick, not a bound. */
export async function gemmRate(threads: number, runs = 8): Promise<number> {
  const b = new Builder('gemm');
  const matrix = (fill: number) => ({
    dtype: 'float32' as const,
    shape: [size, size],
    data: new Float32Array(size * size).fill(fill),
  });
  const [left, right] = ['left', 'right'].map((name) => b.input(name, matrix(0)));
  const product = b.op('MatMul', [left!, right!]);
  const session = await openSession(encode(b.build([product])), { threads });
  let shortest = Number.POSITIVE_INFINITY;
  const feeds = { left: matrix(0.5), right: matrix(0.25) };
  const fetches = { [product]: matrix(0) };
  for (let i = 0; i < runs; i++) {
    const startedAt = performance.now();
    await session.run(feeds, fetches);
    shortest = Math.min(shortest, performance.now() - startedAt);
  }
  await session.release();
  return (2 * size ** 3) / (shortest * 1e6);
}
