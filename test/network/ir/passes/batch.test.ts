import { describe, expect, it } from 'vitest';
import { Builder } from '../../../../src/network/ir/builder.ts';
import { type Graph, tensorOf } from '../../../../src/network/ir/graph.ts';
import { deadCode } from '../../../../src/network/ir/passes/dead-code.ts';
import { freeBatch, withBatch } from '../../../../src/network/ir/passes/with-batch.ts';
import { print } from '../../../../src/network/ir/print.ts';
import { verify } from '../../../../src/network/ir/verify.ts';
import { interpret } from '../../../fixtures/interpreter.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;

/** x [n, 2, 3], flattened by a constant shape that holds n, plus a row that Expand stretches over n. */
function reshaping(n: number): Graph {
  const b = new Builder('reshaping');
  const x = b.input('x', f32(n, 2, 3));
  const flat = b.op('Reshape', [x, b.ints([n, -1])], {}, { name: 'flat' });
  const last = b.op('Slice', [flat, b.ints([5]), b.ints([6]), b.ints([1])], {}, { name: 'last' });
  return b.build([b.op('Expand', [last, b.ints([n, 4])], {}, { name: 'wide' })]);
}

/** x [n, 3, 4] with its tokens first, as rows of all of them, which `between` sees as [3·n, 4], and back. */
function tokensFirst(n: number, between: (b: Builder, rows: string) => string): Graph {
  const b = new Builder('tokens first');
  const turned = b.op('Transpose', [b.input('x', f32(n, 3, 4))], { perm: [1, 0, 2] });
  const rows = b.op('Reshape', [turned, b.ints([3 * n, 4])]);
  const apart = b.op('Reshape', [between(b, rows), b.ints([3, n, 4])]);
  return b.build([b.op('Transpose', [apart], { perm: [1, 0, 2] }, { name: 'back' })]);
}

const weights = tensorOf('float32', [4, 4], [1, 2, 0, 0, 0, 1, 0, 3, 0, 0, 1, 0, 2, 0, 0, 1]);
const product = (b: Builder, rows: string) => b.op('MatMul', [rows, b.initializer('w', weights)]);

const tied = (build: (b: Builder, x: string) => string): Graph => {
  const b = new Builder('tied');
  return b.build([build(b, b.input('x', f32(2, 3, 4)))]);
};

describe('withBatch', () => {
  it('follows the batch through shape constants', () => {
    const other = withBatch(reshaping(2), 5);
    verify(other);
    expect(print(other)).toMatchInlineSnapshot(`
      "reshaping(%x: f32[5,2,3]) {
        const %const1: i64[1] = [5]
        const %const2: i64[1] = [6]
        const %const3: i64[1] = [1]
        const %const0_2: i64[2] = [5, -1]
        const %const1_2: i64[2] = [5, 4]
        %flat: f32[5,6] = Reshape(%x, %const0_2)
        %last: f32[5,1] = Slice(%flat, %const1, %const2, %const3)
        %wide: f32[5,4] = Expand(%last, %const1_2)
        return %wide
      }"
    `);
    const feed = Array.from({ length: 30 }, (_, i) => i);
    expect([...interpret(other, { x: feed })['wide']!.data]).toEqual([5, 11, 17, 23, 29].flatMap((v) => [v, v, v, v]));
  });

  it('goes there and back, and leaves a graph of that size alone', () => {
    const graph = reshaping(2);
    expect(withBatch(graph, 2)).toBe(graph);
    const back = withBatch(withBatch(graph, 7), 2);
    expect(back.types['wide']).toEqual(graph.types['wide']);
    expect(back.nodes.map(({ op }) => op)).toEqual(graph.nodes.map(({ op }) => op));
  });

  it('follows the batch where tokens come first, and where these become rows with it', () => {
    const feed = Array.from({ length: 60 }, (_, i) => i);
    const found = withBatch(tokensFirst(7, product), 5);
    const wanted = interpret(tokensFirst(5, product), { x: feed })['back']!.data;
    expect([...interpret(found, { x: feed })['back']!.data]).toEqual([...wanted]);
    const small = withBatch(withBatch(found, 1), 5);
    expect([...interpret(small, { x: feed })['back']!.data]).toEqual([...wanted]);
    expect([...interpret(freeBatch(found), { x: feed })['back']!.data]).toEqual([...wanted]);
  });

  it('tells rows of all tokens of one image from tokens that are longer', () => {
    const feed = Array.from({ length: 60 }, (_, i) => i);
    const wanted = interpret(tokensFirst(5, product), { x: feed })['back']!.data;
    const found = withBatch(tokensFirst(1, product), 5);
    expect([...interpret(found, { x: feed })['back']!.data]).toEqual([...wanted]);
  });

  it('takes a size over from the data also where the node said that 0 stands for none', () => {
    const b = new Builder('zeros');
    const flat = b.op('Reshape', [b.input('x', f32(1, 2, 6)), b.ints([1, 4, 3])], { allowzero: 1 });
    const free = freeBatch(b.build([b.op('Relu', [flat], {}, { name: 'y' })]));
    const feed = Array.from({ length: 36 }, (_, i) => i);
    expect([...interpret(withBatch(free, 3), { x: feed })['y']!.data]).toEqual(feed);
  });

  it('follows the batch where windows of all images are stretched', () => {
    const windows = (n: number) => {
      const b = new Builder('windows');
      const parts = b.op('Reshape', [b.input('x', f32(n, 4, 1)), b.ints([2 * n, 2, 1])]);
      const wide = b.op('Expand', [parts, b.ints([2 * n, 2, 3])]);
      return b.build([b.op('Reshape', [wide, b.ints([n, 12])], {}, { name: 'flat' })]);
    };
    const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const wanted = [...interpret(windows(3), { x })['flat']!.data];
    const one = withBatch(windows(7), 1);
    expect([...interpret(withBatch(one, 3), { x })['flat']!.data]).toEqual(wanted);
    expect([...interpret(withBatch(freeBatch(one), 3), { x })['flat']!.data]).toEqual(wanted);
  });

  it('refuses what would take rows of several images together', () => {
    const softmax = tokensFirst(7, (b, rows) => b.op('Softmax', [rows], { axis: 0 }));
    expect(() => withBatch(softmax, 5)).toThrow(/\(Softmax\) ties the graph to the batch size 7: it mixes what belongs/);
    const halves = tokensFirst(8, (b, rows) => b.op('Reshape', [b.op('Reshape', [rows, b.ints([6, 4, 4])]), b.ints([24, 4])]));
    expect(() => withBatch(halves, 4)).toThrow(/ties the graph to the batch size 8: it mixes what belongs/);
  });

  it.each<[string, Graph, RegExp]>([
    [
      'samples that a shape mixes',
      tied((b, x) => b.op('Reshape', [x, b.ints([3, 8])])),
      /"Reshape" \(Reshape\) ties the graph to the batch size 2/,
    ],
    [
      'a batch that is no longer first',
      tied((b, x) => b.op('Transpose', [x], { perm: [1, 0, 2] })),
      /"Transpose" of shape \[3,2,4\] would become \[3,5,4\]/,
    ],
    ['a constant of the batch size', tied((b, x) => b.op('Add', [x, b.floats([1, 2], [2, 1, 1])])), /cannot be broadcast/],
    ['a training graph', tied((b, x) => b.op('ReluGrad', [x, x], {}, { domain: 'espalier' })), /belongs to a training graph/],
  ])('refuses %s', (_, graph, message) => {
    expect(() => withBatch(graph, 5)).toThrow(expect.objectContaining({ code: 'IR_BATCH' }));
    expect(() => withBatch(graph, 5)).toThrow(message);
  });

  it('refuses a graph without a batch', () => {
    const b = new Builder('scalar');
    const graph = b.build([b.op('Relu', [b.input('x', f32())])]);
    expect(() => withBatch(graph, 5)).toThrow(expect.objectContaining({ code: 'IR_BATCH' }));
  });
});

describe('freeBatch', () => {
  it('takes the batch over from the data', () => {
    const free = freeBatch(reshaping(2));
    verify(free);
    expect(print(free)).toMatchInlineSnapshot(`
      "reshaping(%x: f32[2,2,3]) {
        const %const1: i64[1] = [5]
        const %const2: i64[1] = [6]
        const %const3: i64[1] = [1]
        const %const0_2: i64[2] = [0, -1]
        const %const1_2: i64[2] = [1, 4]
        %flat: f32[2,6] = Reshape(%x, %const0_2)
        %last: f32[2,1] = Slice(%flat, %const1, %const2, %const3)
        %wide: f32[2,4] = Expand(%last, %const1_2)
        return %wide
      }"
    `);
    expect(freeBatch(free)).toEqual(free);
  });
});

describe('deadCode', () => {
  it('keeps what outputs need, and every input', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(2, 2));
    b.input('unused', f32(1));
    const w = b.initializer('w', tensorOf('float32', [2, 2], [1, 2, 3, 4]));
    b.op('MatMul', [x, w], {}, { name: 'dead' });
    b.op('Relu', ['dead'], {}, { name: 'dead too' });
    const kept = b.op('Clip', [x, '', b.scalar(1)], {}, { name: 'kept' });
    const graph = deadCode(b.build([kept]));
    verify(graph);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['kept']);
    expect(Object.keys(graph.initializers)).toEqual(['const0']);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'unused']);
  });
});
