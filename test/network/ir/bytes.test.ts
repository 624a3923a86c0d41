import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Builder, float } from '../../../src/network/ir/builder.ts';
import { decode } from '../../../src/network/ir/bytes/decode.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { type DType, dtypeCodes, type Graph, tensorOf } from '../../../src/network/ir/graph.ts';
import {
  AttributeProto_AttributeType,
  FunctionProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
} from '../../../src/network/ir/onnx_pb.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;

/** x [batch, 2, 3] → Reshape to [batch, 6] by a constant → Gemm → y [batch, 4]. */
function small(batch = 2): Graph {
  const b = new Builder('small');
  const x = b.input('x', f32(batch, 2, 3));
  const w = b.initializer(
    'w',
    tensorOf(
      'float32',
      [6, 4],
      Array.from({ length: 24 }, (_, i) => i / 7),
    ),
  );
  const flat = b.op('Reshape', [x, b.ints([batch, 6])]);
  return b.build([b.op('Gemm', [flat, w], { alpha: float(0.5), transB: 0 }, { name: 'y' })]);
}

/** The model of a graph's bytes, changed. */
function altered(change: (model: ReturnType<typeof parse>) => void): Uint8Array {
  const model = parse(encode(small()));
  change(model);
  return toBinary(ModelProtoSchema, model);
}

const parse = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);

/** Value names: any text but the few names that every JavaScript object has. */
const names = fc.string({ minLength: 1 }).filter((name) => !(name in {}));

/** A chain of ops over a matrix, with names, attributes and constants of every type drawn at random. */
const graphs: fc.Arbitrary<Graph> = fc
  .record({
    name: fc.string(),
    rows: fc.integer({ min: 1, max: 3 }),
    steps: fc.array(
      fc.record({
        kind: fc.constantFrom('leaky', 'gemm', 'clip', 'transpose', 'split'),
        name: names,
        number: fc.float({ noNaN: true, noDefaultInfinity: true }),
      }),
    ),
    constants: fc.dictionary(
      names,
      fc.record({
        dtype: fc.constantFrom(...(Object.keys(dtypeCodes) as DType[])),
        values: fc.array(fc.integer({ min: 0, max: 1 })),
      }),
    ),
  })
  .map(({ name, rows, steps, constants }) => {
    const b = new Builder(name);
    let value = b.input('x', f32(rows, 2));
    for (const [key, { dtype, values }] of Object.entries(constants))
      b.initializer(b.fresh(key), tensorOf(dtype, [values.length], values));
    for (const { kind, name, number } of steps) value = chain[kind](b, value, b.fresh(name), number);
    return b.build([value]);
  });

const chain = {
  leaky: (b: Builder, x: string, name: string, number: number) => b.op('LeakyRelu', [x], { alpha: float(number) }, { name }),
  gemm: (b: Builder, x: string, name: string, number: number) => {
    const size = b.shape(x)[1]!;
    const w = b.initializer(
      b.fresh(`${name}.w`),
      tensorOf(
        'float32',
        [3, size],
        Array.from({ length: 3 * size }, (_, i) => number + i),
      ),
    );
    return b.op('Gemm', [x, w], { transB: 1 }, { name });
  },
  clip: (b: Builder, x: string, name: string) => b.op('Clip', [x, '', b.scalar(3)], {}, { name }),
  transpose: (b: Builder, x: string, name: string) => b.op('Transpose', [x], { perm: [1, 0] }, { name }),
  split: (b: Builder, x: string, name: string) =>
    b.multi('Split', [x, b.ints([1, b.shape(x)[0]! - 1])], 2, { axis: 0 }, { name })[0]!,
};

describe('bytes of a graph', () => {
  it('decode to the same graph', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(decode(encode(graph))).toEqual(graph);
      }),
    );
  });

  it('are the same for equal graphs, whatever order attributes were written in', () => {
    const [first, node] = small().nodes as [Graph['nodes'][number], Graph['nodes'][number]];
    const reversed = { ...node, attributes: Object.fromEntries(Object.entries(node.attributes).toReversed()) };
    expect(encode({ ...small(), nodes: [first, reversed] })).toEqual(encode(small()));
  });

  it('carry producer, opset, domains and metadata, and nothing that is not needed', () => {
    const b = Builder.from(small());
    const y = b.op(
      'FusedMatMul',
      ['y', b.initializer('v', tensorOf('float32', [4, 1], [1, 2, 3, 4]))],
      {},
      { domain: 'com.microsoft' },
    );
    const model = parse(encode(b.build([y]), { metadata: { b: '2', a: '1' }, producer: 'test' }));
    expect(model.producerName).toBe('test');
    expect(model.irVersion).toBe(8n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 17n],
      ['com.microsoft', 1n],
    ]);
    expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
    expect(model.graph?.valueInfo).toEqual([]);
  });

  it('read weights wherever a Buffer begins', () => {
    const bytes = encode(small());
    for (const shift of [0, 1, 2, 3]) {
      const buffer = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
      expect(decode(buffer, { batch: 2 })).toEqual(small());
    }
  });

  it('leave the batch open: any size can be read back', () => {
    const bytes = encode(small(), { symbolicBatch: 'N' });
    const { input, output } = parse(bytes).graph!;
    for (const info of [...input, ...output]) {
      const type = info.type!.value;
      expect(type.case === 'tensorType' && type.value.shape?.dim[0]?.value).toEqual({ case: 'dimParam', value: 'N' });
    }
    expect(decode(bytes).types['y']!.shape).toEqual([1, 4]);
    expect(decode(bytes, { batch: 7 }).types['y']!.shape).toEqual([7, 4]);
    expect(withBatch(small(), 7).types['y']).toEqual(decode(bytes, { batch: 7 }).types['y']);
  });

  it('are refused where a shape holds the batch and cannot take it over', () => {
    const b = new Builder('tied');
    const rows = b.op('Reshape', [b.input('x', f32(2, 3, 4)), b.ints([-1, 4])]);
    const graph = b.build([b.op('Reshape', [rows, b.ints([2, -1])])]);
    expect(() => encode(graph, { symbolicBatch: 'N' })).toThrow(/ties the graph to the batch size 2/);
    expect(decode(encode(graph), { batch: 2 })).toEqual(graph);
  });

  it('refuse training ops', () => {
    const b = new Builder('t');
    const x = b.input('x', f32(2));
    const graph = b.build([b.op('ReluGrad', [x, x], {}, { domain: 'espalier', name: 'gate' })]);
    expect(() => encode(graph)).toThrow(
      expect.objectContaining({ code: 'ONNX_DOMAIN', facts: { node: 'gate', op: 'ReluGrad' } }),
    );
  });

  it('refuse broken graphs', () => {
    expect(() => encode({ ...small(), outputs: ['z'] })).toThrow(expect.objectContaining({ code: 'IR_INVALID' }));
  });
});

describe('a file from elsewhere', () => {
  it('may use names and constants of its own kind', () => {
    const graph = decode(
      altered(({ opsetImport, graph }) => {
        opsetImport[0]!.domain = 'ai.onnx';
        for (const node of graph!.node) Object.assign(node, { name: '', domain: 'ai.onnx' });
        const [shape] = graph!.initializer.splice(1, 1);
        graph!.node.unshift({
          ...graph!.node[0]!,
          opType: 'Constant',
          input: [],
          output: [shape!.name],
          attribute: [intsAttribute('value_ints', [2n, -1n])],
        });
      }),
      { batch: 2 },
    );
    expect(graph.nodes.map(({ name, domain }) => [name, domain])).toEqual([
      ['Reshape', ''],
      ['y', ''],
    ]);
    expect(graph.initializers['const0']).toEqual(tensorOf('int64', [2], [2, -1]));
  });

  it('may list its weights among its inputs', () => {
    const bytes = altered(({ graph }) => {
      graph!.input.push({ ...graph!.input[0]!, name: 'w' });
    });
    expect(decode(bytes, { batch: 2 })).toEqual(small());
  });

  it('may keep numbers in typed fields', () => {
    const bytes = altered(({ graph }) => {
      const [w] = graph!.initializer;
      w!.floatData = [...new Float32Array(w!.rawData.slice().buffer)];
      w!.rawData = new Uint8Array();
    });
    expect(decode(bytes, { batch: 2 })).toEqual(small());
  });

  it.each(['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSumSquare'])(
    'may be of opset 18: axes of %s become an attribute',
    (op) => {
      const bytes = altered(({ opsetImport, graph }) => {
        opsetImport[0]!.version = 18n;
        graph!.initializer.push({
          ...graph!.initializer[1]!,
          name: 'axes',
          dims: [1n],
          rawData: new Uint8Array(BigInt64Array.of(1n).buffer),
        });
        const noop = { ...intsAttribute('noop_with_empty_axes', []), type: 2, i: 0n };
        Object.assign(graph!.node[1]!, { opType: op, input: ['Reshape', 'axes'], attribute: [noop] });
      });
      const graph = decode(bytes, { batch: 2 });
      expect(graph.types['y']!.shape).toEqual([2, 1]);
      expect(graph.nodes[1]!.attributes).toEqual({ axes: { kind: 'ints', value: [1] } });
    },
  );

  const refused: Record<string, [code: string, message: RegExp, change: Parameters<typeof altered>[0]]> = {
    'an old opset': [
      'ONNX_OPSET',
      /opset 5.*7 to 23/,
      ({ opsetImport }) => {
        opsetImport[0]!.version = 5n;
      },
    ],
    'unknown ops': [
      'ONNX_OPS',
      /not supported: Loop \(node "Reshape"\), other:Gemm \(node "y"\)\. Known: (?!.*ConvTranspose|.*If,|.*QuantizeLinear).*Conv, /,
      ({ graph }) => {
        graph!.node[0]!.opType = 'Loop';
        graph!.node[1]!.domain = 'other';
      },
    ],
    'data in another file': [
      'ONNX_EXTERNAL_DATA',
      /"w" is in another file/,
      ({ graph }) => {
        graph!.initializer[0]!.dataLocation = TensorProto_DataLocation.EXTERNAL;
      },
    ],
    'too few numbers': [
      'ONNX_TENSOR',
      /"w" has 24 values for the shape \[6,5\]/,
      ({ graph }) => {
        graph!.initializer[0]!.dims = [6n, 5n];
      },
    ],
    'half precision': [
      'ONNX_TYPE',
      /"w" holds float16, which is not supported: export the network in float32/,
      ({ graph }) => {
        graph!.initializer[0]!.dataType = 10;
      },
    ],
    'an input without a shape': [
      'ONNX_SHAPE',
      /"x" has no shape/,
      ({ graph }) => {
        delete graph!.input[0]!.type;
      },
    ],
    'an open size': [
      'ONNX_SHAPE',
      /dimension 1 of the input "x" is not fixed/,
      ({ graph }) => {
        const type = graph!.input[0]!.type!.value;
        if (type.case === 'tensorType') type.value.shape!.dim[1]!.value = { case: 'dimParam', value: 'H' };
      },
    ],
    'a subgraph': [
      'ONNX_ATTRIBUTE',
      /"body" is of kind graph/,
      ({ graph }) => {
        graph!.node[0]!.attribute = [{ ...intsAttribute('body', []), type: AttributeProto_AttributeType.GRAPH }];
      },
    ],
    functions: [
      'ONNX_FUNCTIONS',
      /functions/,
      (model) => {
        model.functions.push(create(FunctionProtoSchema, { name: 'f' }));
      },
    ],
    'no graph': [
      'ONNX_PARSE',
      /no graph/,
      (model) => {
        delete model.graph;
      },
    ],
    'a later attribute': [
      'ONNX_OPSET',
      /saturate = 0, which opset 17 lacks/,
      ({ graph }) => {
        Object.assign(graph!.node[0]!, {
          opType: 'Cast',
          input: ['x'],
          attribute: [{ ...intsAttribute('saturate', []), type: AttributeProto_AttributeType.INT, i: 0n }],
        });
      },
    ],
    'a value before its node': [
      'IR_NAME',
      /reads "y", which is not defined before it/,
      ({ graph }) => {
        graph!.node[0]!.input[0] = 'y';
      },
    ],
  };

  it.each(Object.entries(refused))('is refused for %s', (_, [code, message, change]) => {
    const decoding = () => decode(altered(change), { batch: 2 });
    expect(decoding).toThrow(expect.objectContaining({ code }));
    expect(decoding).toThrow(message);
  });

  it('is refused where it is no ONNX file', () => {
    expect(() => decode(new TextEncoder().encode('not a model at all'))).toThrow(expect.objectContaining({ code: 'ONNX_PARSE' }));
  });
});

function intsAttribute(name: string, ints: bigint[]) {
  const model = create(ModelProtoSchema, {
    graph: { node: [{ attribute: [{ name, ints, type: AttributeProto_AttributeType.INTS }] }] },
  });
  return model.graph!.node[0]!.attribute[0]!;
}
