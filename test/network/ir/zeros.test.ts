import { describe, expect, it } from 'vitest';
import { Builder, float } from '../../../src/network/ir/builder.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { encodedLength } from '../../../src/network/ir/bytes/length.ts';
import { isZeros, withoutValues, zeros } from '../../../src/network/ir/zeros.ts';
import { trainedResnet } from '../../fixtures/graphs.ts';

describe('zeros', () => {
  it('share memory at any size, and know each other', () => {
    const [small, large, integers] = [zeros('float32', [2, 3]), zeros('float32', [1000, 1000]), zeros('int8', [7])];
    expect(small.data).toEqual(new Float32Array(6));
    expect(large.data).toHaveLength(1_000_000);
    expect(integers.data).toEqual(new Int8Array(7));
    for (const tensor of [small, large, integers, zeros('float32', [4])]) expect(isZeros(tensor)).toBe(true);
    expect(isZeros({ dtype: 'float32', shape: [3], data: new Float32Array(3) })).toBe(false);
  });

  it('take the place of what is trained, and of nothing else', () => {
    const graph = trainedResnet({ blocks: [1], widths: [4] }, [1, 6, 6]);
    const outline = withoutValues(graph);
    expect(outline.types).toEqual(graph.types);
    expect(Object.values(outline.initializers).every(isZeros)).toBe(true);
    const b = new Builder('net');
    const x = b.input('x', { dtype: 'float32', shape: [1, 4] });
    const reshaped = b.build([b.op('Reshape', [x, b.ints([1, 2, 2])])]);
    expect(withoutValues(reshaped)).toEqual(reshaped);
  });
});

describe('the counted length', () => {
  it('is that of the file, with every kind of field in it', () => {
    const b = new Builder('ünïcode');
    const x = b.input('x', { dtype: 'float32', shape: [2, 300] });
    const y = b.op('LeakyRelu', [x], { alpha: float(0.1) }, { name: 'größe' });
    const z = b.op('Transpose', [b.op('Reshape', [y, b.ints([2, 30, 10])])], { perm: [0, 2, 1] });
    const graph = b.build([b.op('FusedMatMul', [z, z], { transB: 1, alpha: float(2) }, { domain: 'com.microsoft' })]);
    for (const options of [{}, { symbolicBatch: 'N', opset: 18, producer: 'p', metadata: { a: 'ä', b: 'x'.repeat(200) } }]) {
      expect(encodedLength(graph, options)).toBe(encode(graph, options).length);
    }
  });
});
