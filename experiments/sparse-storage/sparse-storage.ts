/**
 * Bytes of a file with one 3×3 convolution, 64 → 64 channels, by the share of its weights that are 0: dense, with ONNX's
 * own sparse initializers, and as `sparsify` stores it. Every file is loaded by onnxruntime and gives what the dense one
 * gives, in the same kernels.
 *
 *   npx tsx experiments/sparse-storage/sparse-storage.ts
 *
 * Writes results/sparse-storage/sparse-storage.json and .md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createRng } from '../../src/core/rng.ts';
import { nonzeros, storeSparse } from '../../src/network/compress/sparse/storage.ts';
import { withSession } from '../../src/network/engine/session.ts';
import { Builder } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { encodeTensor } from '../../src/network/ir/bytes/tensors.ts';
import type { Graph, Tensor } from '../../src/network/ir/graph.ts';
import { ModelProtoSchema, SparseTensorProtoSchema } from '../../src/network/ir/onnx_pb.ts';

const shape = [64, 64, 3, 3];
const input = { dtype: 'float32' as const, shape: [1, 64, 8, 8], data: new Float32Array(64 * 64).map((_, i) => Math.sin(i)) };

/** Weights of which a share is 0, the same ones for both types. */
function weights(dtype: 'float32' | 'int8', sparsity: number): Tensor {
  const rng = createRng('sparse storage', sparsity);
  const values = Array.from({ length: 64 * 64 * 9 }, () => 1 + rng.int(63));
  const places = rng.shuffle([...values.keys()]).slice(0, Math.round(sparsity * values.length));
  for (const place of places) values[place] = 0;
  return { dtype, shape, data: dtype === 'int8' ? Int8Array.from(values) : Float32Array.from(values) };
}

/** Float weights as they are; integer ones in the form that onnxruntime fuses into one integer kernel. */
function network(weight: Tensor): Graph {
  const b = new Builder('convolution');
  const x = b.input('x', { dtype: 'float32', shape: input.shape });
  const w = b.initializer('w', weight);
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  if (weight.dtype === 'float32') return b.build([b.op('Conv', [x, w], attributes)]);
  const through = (value: string, scale: string) => b.op('DequantizeLinear', [b.op('QuantizeLinear', [value, scale]), scale]);
  const conv = b.op('Conv', [through(x, b.scalar(0.01)), b.op('DequantizeLinear', [w, b.scalar(0.01)])], attributes);
  return b.build([through(conv, b.scalar(0.1))]);
}

/** The file with the weights as ONNX's sparse tensor: values, and 8 bytes of index for each. */
function withSparseInitializer(bytes: Uint8Array, weight: Tensor): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const places = [...weight.data.keys()].filter((place) => weight.data[place] !== 0);
  const kept = places.map((place) => Number(weight.data[place]));
  const data = weight.dtype === 'int8' ? Int8Array.from(kept) : Float32Array.from(kept);
  const values = encodeTensor('w', { dtype: weight.dtype, shape: [kept.length], data });
  const indices = encodeTensor('', { dtype: 'int64', shape: [kept.length], data: BigInt64Array.from(places, BigInt) });
  const graph = model.graph!;
  graph.initializer = graph.initializer.filter(({ name }) => name !== 'w');
  graph.sparseInitializer = [create(SparseTensorProtoSchema, { values, indices, dims: shape.map(BigInt) })];
  return toBinary(ModelProtoSchema, model);
}

const run = (bytes: Uint8Array) =>
  withSession(bytes, { profile: true }, async (session) => {
    const [output] = Object.values(await session.run({ x: input }));
    const kernels = (await session.endProfiling()).map(({ op }) => op);
    return { output: Buffer.from(output!.data.buffer).toString('hex'), kernels: kernels.join(' ') };
  });

interface Row {
  readonly type: string;
  readonly sparsity: number;
  readonly dense: number;
  readonly sparseInitializer: number;
  readonly stored: number;
  readonly format: string;
}

async function measure(dtype: 'float32' | 'int8', sparsity: number): Promise<Row> {
  const weight = weights(dtype, sparsity);
  const graph = network(weight);
  const sparse = storeSparse(graph, new Map([['w', nonzeros(weight.data)]]));
  const files = { dense: encode(graph), sparseInitializer: withSparseInitializer(encode(graph), weight), stored: encode(sparse) };
  const reference = await run(files.dense);
  for (const [name, bytes] of Object.entries(files)) {
    const { output, kernels } = await run(bytes);
    if (output !== reference.output) throw new Error(`${name} (${dtype}, ${sparsity}) gives another result than dense`);
    if (kernels !== reference.kernels)
      throw new Error(`${name} (${dtype}, ${sparsity}) runs in ${kernels}, not ${reference.kernels}`);
  }
  const ops = new Set(sparse.nodes.map(({ op }) => op));
  const format = ops.has('ScatterElements') ? 'gaps' : ops.has('BitShift') ? 'mask' : 'dense';
  const sizes = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length]));
  return { type: dtype, sparsity, format, ...(sizes as Record<keyof typeof files, number>) };
}

const rows: Row[] = [];
for (const dtype of ['float32', 'int8'] as const) {
  for (const sparsity of [0.1, 0.5, 0.75, 0.9, 0.95, 0.98]) rows.push(await measure(dtype, sparsity));
}

const results = fileURLToPath(new URL('../../results/sparse-storage', import.meta.url));
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'sparse-storage.json'), `${JSON.stringify(rows, null, 2)}\n`);
const line = ({ type, sparsity, dense, sparseInitializer, stored, format }: Row) =>
  `| ${type} | ${Math.round(100 * sparsity)} % | ${dense} | ${sparseInitializer} | ${stored} (${format}) | ${(dense / stored).toFixed(2)}× |`;
const text = `# Sparse weights in the file

Bytes of a file with one 3×3 convolution, 64 → 64 channels (36,864 weights), by \`npx tsx experiments/sparse-storage/sparse-storage.ts\`.
Every file gives bit by bit what the dense one gives, in the same kernels of onnxruntime: what is sparse in the file is
dense in memory, so it is smaller, not faster.

| weights | zeros | dense | ONNX sparse initializer | as stored | smaller |
|---|---|---|---|---|---|
${rows.map(line).join('\n')}
`;
writeFileSync(join(results, 'sparse-storage.md'), text);
console.log(text);
