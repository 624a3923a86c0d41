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
import { storeCodes, weightsIn, withCounts } from '../../src/network/compress/storage/stored.ts';
import { nonzeros, writeStored } from '../../src/network/compress/storage/write.ts';
import { withSession } from '../../src/network/engine/session.ts';
import { Builder } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { encodeTensor } from '../../src/network/ir/bytes/tensors.ts';
import { elementCount, type Graph, type Tensor } from '../../src/network/ir/graph.ts';
import { ModelProtoSchema, SparseTensorProtoSchema } from '../../src/network/ir/onnx_pb.ts';

const shape = [64, 64, 3, 3];
const input = { dtype: 'float32' as const, shape: [1, 64, 8, 8], data: new Float32Array(64 * 64).map((_, i) => Math.sin(i)) };

/** What the weights of the file are: floats, or integers of so many bits. */
type Bits = 32 | 8 | 4 | 2;
const typeNames: Readonly<Record<Bits, string>> = { 32: 'float32', 8: 'int8', 4: '4 bits', 2: '2 bits' };

/** Weights of which a share is 0, the same ones for all types. */
function weights(bits: Bits, sparsity: number): Tensor {
  const rng = createRng('sparse storage', sparsity);
  const values = Array.from({ length: 64 * 64 * 9 }, () => 1 + (rng.int(63) % (2 ** (bits - 1) - 1)));
  const places = rng.shuffle([...values.keys()]).slice(0, Math.round(sparsity * values.length));
  for (const place of places) values[place] = 0;
  return bits === 32
    ? { dtype: 'float32', shape, data: Float32Array.from(values) }
    : { dtype: 'int8', shape, data: Int8Array.from(values) };
}

/** Float weights as they are; integer ones in the form that onnxruntime fuses into one integer kernel. `count` are written. */
function network(weight: Tensor, bits: Bits, count: number): Graph {
  const b = new Builder('convolution');
  const x = b.input('x', { dtype: 'float32', shape: input.shape });
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const owner = { layer: 'conv', axis: 1 };
  const conv = (inputs: readonly string[]) => b.op('Conv', inputs, attributes, { name: 'conv' });
  if (bits === 32) return stored(b.build([conv([x, b.initializer('w', weight)])]), count);
  const w = storeCodes(b, { shape, data: weight.data as Int8Array, bits }, { ...owner, dtype: 'int8' });
  const through = (value: string, scale: string) => b.op('DequantizeLinear', [b.op('QuantizeLinear', [value, scale]), scale]);
  const y = conv([through(x, b.scalar(0.01)), b.op('DequantizeLinear', [w, b.scalar(0.01)])]);
  return stored(b.build([through(y, b.scalar(0.1))]), count);
}

const stored = (graph: Graph, count: number): Graph =>
  writeStored(withCounts(graph, [{ ...weightsIn(graph).get('conv')!, count }]));

/** The file with the weights as ONNX's sparse tensor: values, and 8 bytes of index for each. */
function withSparseInitializer(bytes: Uint8Array, weight: Tensor): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const places = [...weight.data.keys()].filter((place) => weight.data[place] !== 0);
  const kept = places.map((place) => Number(weight.data[place]));
  const data = weight.dtype === 'int8' ? Int8Array.from(kept) : Float32Array.from(kept);
  const graph = model.graph!;
  const { name } = graph.initializer.find(({ dims }) => dims.length === shape.length)!;
  const values = encodeTensor(name, { dtype: weight.dtype, shape: [kept.length], data });
  const indices = encodeTensor('', { dtype: 'int64', shape: [kept.length], data: BigInt64Array.from(places, BigInt) });
  graph.initializer = graph.initializer.filter((each) => each.name !== name);
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
  /** Absent where ONNX has no such type. */
  readonly sparseInitializer?: number;
  readonly stored: number;
  readonly format: string;
}

async function measure(bits: Bits, sparsity: number): Promise<Row> {
  const weight = weights(bits, sparsity);
  const [plain, sparse] = [elementCount(shape), nonzeros(weight.data)].map((count) => network(weight, bits, count));
  const dense = encode(plain!);
  const sparseInitializer = bits < 8 ? undefined : withSparseInitializer(dense, weight);
  const files = { dense, ...(sparseInitializer ? { sparseInitializer } : {}), stored: encode(sparse!) };
  const reference = await run(files.dense);
  for (const [name, bytes] of Object.entries(files)) {
    const { output, kernels } = await run(bytes);
    if (output !== reference.output) throw new Error(`${name} (${bits} bits, ${sparsity}) gives another result than dense`);
    if (kernels !== reference.kernels)
      throw new Error(`${name} (${bits} bits, ${sparsity}) runs in ${kernels}, not ${reference.kernels}`);
  }
  const ops = new Set(sparse!.nodes.map(({ op }) => op));
  const format = ops.has('ScatterElements') ? 'gaps' : ops.has('CumSum') ? 'mask' : 'dense';
  const sizes = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length]));
  return { type: typeNames[bits], sparsity, format, ...(sizes as Record<keyof typeof files, number>) };
}

const rows: Row[] = [];
for (const bits of [32, 8, 4, 2] as const) {
  for (const sparsity of [0.1, 0.5, 0.75, 0.9, 0.95, 0.98]) rows.push(await measure(bits, sparsity));
}

const results = fileURLToPath(new URL('../../results/sparse-storage', import.meta.url));
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'sparse-storage.json'), `${JSON.stringify(rows, null, 2)}\n`);
const line = ({ type, sparsity, dense, sparseInitializer, stored, format }: Row) =>
  `| ${type} | ${Math.round(100 * sparsity)} % | ${dense} | ${sparseInitializer ?? ''} | ${stored} (${format}) | ${(dense / stored).toFixed(2)}× |`;
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
