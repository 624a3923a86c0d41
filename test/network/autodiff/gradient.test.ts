import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradient } from '../../../src/network/autodiff/gradient.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { print } from '../../../src/network/ir/print.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { expectClose } from '../../fixtures/numbers.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
const total = (b: Builder, x: string) => b.op('ReduceSum', [x], { keepdims: 0 }, { name: 'loss' });

describe('gradient', () => {
  it('emits nodes in the same graph, named after the values they belong to', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(2, 3));
    const y = b.op('MatMul', [x, b.input('w', f32(3, 2))], {}, { name: 'layer' });
    const activated = b.op('Tanh', [y], {}, { name: 'tanh' });
    const loss = total(b, b.op('Mul', [activated, y], {}, { name: 'product' }));
    const found = gradient(b, loss, ['w', 'x']);
    expect(found).toEqual({ w: 'w.grad', x: 'x.grad' });
    const graph = b.build(Object.values(found));
    verify(graph);
    expect(print(graph)).toMatchInlineSnapshot(`
      "g(%x: f32[2,3], %w: f32[3,2]) {
        const %const0: f32[] = [1]
        const %const1: i64[2] = [1, 1]
        const %const2: i64[2] = [2, 2]
        %layer: f32[2,2] = MatMul(%x, %w)
        %tanh: f32[2,2] = Tanh(%layer)
        %product: f32[2,2] = Mul(%tanh, %layer)
        %loss: f32[] = ReduceSum(%product) {keepdims=0}
        %loss.grad/Reshape: f32[1,1] = Reshape(%const0, %const1)
        %product.grad: f32[2,2] = Expand(%loss.grad/Reshape, %const2)
        %tanh.grad: f32[2,2] = Mul(%product.grad, %layer)
        %layer.grad/product: f32[2,2] = Mul(%product.grad, %tanh)
        %tanh.grad/Mul: f32[2,2] = Mul(%tanh, %tanh)
        %tanh.grad/Sub: f32[2,2] = Sub(%const0, %tanh.grad/Mul)
        %layer.grad/tanh: f32[2,2] = Mul(%tanh.grad, %tanh.grad/Sub)
        %layer.grad: f32[2,2] = Add(%layer.grad/product, %layer.grad/tanh)
        %x.grad: f32[2,3] = Gemm(%layer.grad, %w) {transA=0, transB=1, alpha=1}
        %w.grad: f32[3,2] = Gemm(%x, %layer.grad) {transA=1, transB=0, alpha=1}
        return %w.grad, %x.grad
      }"
    `);
  });

  it('sums what a value receives from all its readers, itself twice among them', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(3));
    const square = b.op('Mul', [x, x], {}, { name: 'square' });
    const cube = b.op('Mul', [square, x], {}, { name: 'cube' });
    const loss = total(b, b.op('Add', [b.op('Add', [cube, square]), x]));
    const { x: dx } = gradient(b, loss, ['x']);
    const values = interpret(b.build([dx!]), { x: [1, -2, 0.5] });
    // 3x² + 2x + 1
    expect([...values[dx!]!.data]).toEqual([6, 9, 2.75]);
  });

  it('is zero where the loss does not depend on a value, or only through ops without a gradient', () => {
    const b = new Builder('g');
    const [x, unused, scalar] = [b.input('x', f32(2, 3)), b.input('unused', f32(2)), b.input('scalar', f32())];
    const best = b.op('Cast', [b.op('ArgMax', [x], { axis: 1, keepdims: 0 })], { to: 1 });
    const loss = total(b, b.op('Add', [best, b.op('Mul', [b.input('y', f32(2)), best])]));
    const found = gradient(b, loss, ['x', 'unused', 'scalar', 'y']);
    const graph = b.build(Object.values(found));
    verify(graph);
    const values = interpret(graph, { x: [1, 2, 3, 6, 5, 4], unused: [1, 2], scalar: [1], y: [3, 4] });
    const result = (name: string) => [...values[found[name]!]!.data];
    expect([x, unused, scalar, 'y'].map(result)).toEqual([[0, 0, 0, 0, 0, 0], [0, 0], [0], [2, 0]]);
  });

  it('stops at values in the middle of the graph', () => {
    const b = new Builder('g');
    const theta = b.input('theta', f32(5));
    const [w, v] = b.multi('Split', [theta, b.ints([2, 3])], 2, { axis: 0 }, { outputs: ['w', 'v'] }) as [string, string];
    const before = b.nodes.length;
    const loss = b.op('Add', [total(b, b.op('Mul', [w, w])), b.op('ReduceSum', [v], { keepdims: 0 })]);
    const found = gradient(b, loss, [w, v]);
    expect(b.nodes.slice(before).map(({ op }) => op)).not.toContain('Concat');
    expect([...interpret(b.build(Object.values(found)), { theta: [1, 2, 3, 4, 5] })[found['w']!]!.data]).toEqual([2, 4]);
  });

  it('names the node and the op that a gradient cannot pass', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(2));
    const [q] = b.multi('DynamicQuantizeLinear', [x], 3, {}, { name: 'quantize' });
    const loss = total(b, b.op('Cast', [q!], { to: 1 }));
    // Nothing wanted lies behind it: no error.
    expect(gradient(Builder.from(b.build([loss])), loss, [loss])).toBeDefined();
    b.op('ReluGrad', [x, x], {}, { name: 'gate', domain: 'espalier' });
    const other = b.op('ReduceSum', ['gate'], { keepdims: 0 });
    expect(() => gradient(b, other, ['x'])).toThrow(
      expect.objectContaining({ code: 'IR_GRADIENT', facts: { node: 'gate', op: 'ReluGrad' } }),
    );
    expect(() => gradient(b, other, ['x'])).toThrow('node "gate": the op ReluGrad has no gradient, but one must pass through it');
  });

  it('refuses a loss that is no scalar', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(2));
    expect(() => gradient(b, x, [x])).toThrow(/"x" is no scalar: \[2\]/);
  });

  it('refuses the forms of an op that its rule does not cover', () => {
    const refused = (shape: number[], build: (b: Builder, x: string) => string, message: RegExp) => {
      const b = new Builder('g');
      const x = b.input('x', f32(...shape));
      const loss = total(b, build(b, x));
      expect(() => gradient(b, loss, [x])).toThrow(expect.objectContaining({ code: 'IR_GRADIENT' }));
      expect(() => gradient(b, loss, [x])).toThrow(message);
    };
    refused([4], (b, x) => b.op('Slice', [x, b.ints([3]), b.ints([0]), b.ints([0]), b.ints([-1])]), /runs backwards/);
    refused([4], (b, x) => b.op('Pad', [x, b.ints([1, 1])], { mode: 'reflect' }), /only constant padding/);
    refused([4], (b, x) => b.op('Pow', [x, b.input('p', f32())]), /exponent must be a constant/);
    const window = { kernel_shape: [2, 2] };
    refused([1, 1, 4, 4], (b, x) => b.op('MaxPool', [x], { ...window, dilations: [2, 2] }), /dilations/);
  });

  it('agrees with differences on graphs of any form', () => {
    const step = fc.record({
      op: fc.constantFrom('Add', 'Mul', 'Sub', 'Tanh', 'Sigmoid', 'MatMul'),
      left: fc.nat(),
      right: fc.nat(),
    });
    const inputs = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), inputs, (steps, numbers) => {
        const b = new Builder('g');
        const values = [b.input('x', f32(2, 2)), b.input('y', f32(2, 2))];
        for (const { op, left, right } of steps) {
          const operands = [values[left % values.length]!, values[right % values.length]!];
          values.push(b.op(op, ['Tanh', 'Sigmoid'].includes(op) ? operands.slice(0, 1) : operands));
        }
        const loss = total(b, b.op('Tanh', [values.at(-1)!]));
        const forward = b.build([loss]);
        const found = gradient(b, loss, ['x', 'y']);
        const backward = b.build(Object.values(found));
        verify(backward);
        const feeds = { x: numbers.slice(0, 4), y: numbers.slice(4) };
        const results = interpret(backward, feeds);
        for (const name of ['x', 'y'] as const) {
          const at = (i: number, change: number) =>
            interpret(forward, { ...feeds, [name]: feeds[name].with(i, feeds[name][i]! + change) })[loss]!.data[0]!;
          const differences = [0, 1, 2, 3].map((i) => (at(i, 1e-5) - at(i, -1e-5)) / 2e-5);
          expectClose(results[found[name]!]!.data, differences, 1e-6, `d/d${name}`);
        }
      }),
      { numRuns: 60 },
    );
  });
});
