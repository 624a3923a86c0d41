import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { withSession } from '../../../src/network/engine/session.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { decode } from '../../../src/network/ir/bytes/decode.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { AttributeProto_AttributeType, AttributeProtoSchema, ModelProtoSchema } from '../../../src/network/ir/onnx_pb.ts';

const usual: readonly number[] = [2, 3, 4];
const x = Float32Array.from({ length: 24 }, (_, i) => 3 * Math.sin(1.7 * i) + 0.1 * i);

interface Written {
  readonly op: string;
  /** Shapes of the constants that it reads beside x. */
  readonly constants?: readonly number[][];
  readonly ints?: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly text?: Readonly<Record<string, string>>;
  readonly outputs?: readonly string[];
  /** Of x; [2, 3, 4] where left out. */
  readonly shape?: readonly number[];
  readonly opset?: number;
}

/** A file with one node of an op that the graph itself does not know: written as another one, then renamed. */
function fileOf({
  op,
  constants = [],
  ints = {},
  floats = {},
  text = {},
  outputs = [],
  shape = usual,
  opset = 20,
}: Written): Uint8Array {
  const b = new Builder('composed');
  const others = constants.map((size, i) => {
    const values = Array.from({ length: size.reduce((a, c) => a * c, 1) }, (_, j) => 0.5 + 0.3 * i + 0.1 * j);
    return b.floats(values, size);
  });
  const graph = b.build([b.op('Max', [b.input('x', { dtype: 'float32', shape }), ...others], {}, { name: 'n' })]);
  const model = fromBinary(ModelProtoSchema, encode(graph));
  model.opsetImport[0]!.version = BigInt(opset);
  const node = model.graph!.node[0]!;
  node.opType = op;
  node.output.push(...outputs);
  const { FLOAT, INT, STRING } = AttributeProto_AttributeType;
  for (const [name, i] of Object.entries(ints))
    node.attribute.push(create(AttributeProtoSchema, { name, type: INT, i: BigInt(i) }));
  for (const [name, f] of Object.entries(floats)) node.attribute.push(create(AttributeProtoSchema, { name, type: FLOAT, f }));
  for (const [name, s] of Object.entries(text))
    node.attribute.push(create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(s) }));
  return toBinary(ModelProtoSchema, model);
}

const run = (bytes: Uint8Array, shape = usual): Promise<Float32Array> =>
  withSession(bytes, {}, async (session) => {
    const results = await session.run({ x: { dtype: 'float32', shape, data: x } });
    return results[session.outputs[0]!]!.data as Float32Array;
  });

describe('an op that stands for others', () => {
  it.each<[string, Written]>([
    ['LayerNormalization of the last axis', { op: 'LayerNormalization', constants: [[4], [4]] }],
    ['LayerNormalization without a bias', { op: 'LayerNormalization', constants: [[4]] }],
    [
      'LayerNormalization from axis 1 on',
      {
        op: 'LayerNormalization',
        constants: [
          [3, 4],
          [3, 4],
        ],
        ints: { axis: 1 },
      },
    ],
    ['LayerNormalization from axis -2 on', { op: 'LayerNormalization', constants: [[3, 4]], ints: { axis: -2 } }],
    ['ReduceL2 of all', { op: 'ReduceL2', ints: { keepdims: 0 } }],
    ['ReduceL2, every dimension kept', { op: 'ReduceL2' }],
    ['Gelu', { op: 'Gelu' }],
    [
      'GroupNormalization',
      { op: 'GroupNormalization', shape: [2, 6, 2, 1], constants: [[6], [6]], ints: { num_groups: 3 }, opset: 21 },
    ],
    [
      'GroupNormalization of opset 18',
      { op: 'GroupNormalization', shape: [2, 6, 2, 1], constants: [[3], [3]], ints: { num_groups: 3 } },
    ],
    ['GlobalMaxPool', { op: 'GlobalMaxPool' }],
    ['Mish', { op: 'Mish' }],
    ['Celu', { op: 'Celu', floats: { alpha: 0.7 } }],
    ['Celu as it is', { op: 'Celu' }],
    ['Softsign', { op: 'Softsign' }],
    ['ThresholdedRelu', { op: 'ThresholdedRelu', floats: { alpha: 0.5 } }],
    ['Gelu by tanh', { op: 'Gelu', text: { approximate: 'tanh' } }],
  ])('%s gives what onnxruntime gives', async (_, written) => {
    const bytes = fileOf(written);
    const graph = decode(bytes, { fold: true });
    expect(graph.nodes.map(({ op }) => op)).not.toContain(written.op);
    const [ours, theirs] = [await run(encode(graph), written.shape), await run(bytes, written.shape)];
    expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)))).toBeLessThan(3e-6);
  });

  it('is refused where it gives more than one value, and where a file is to stay as it is', () => {
    const more = fileOf({ op: 'LayerNormalization', constants: [[4]], outputs: ['mean'] });
    expect(() => decode(more, { fold: true })).toThrow(/node "n" \(LayerNormalization\) gives more than one value/);
    expect(() => decode(fileOf({ op: 'Gelu' }))).toThrow(/ops that are not supported: Gelu/);
  });
});
